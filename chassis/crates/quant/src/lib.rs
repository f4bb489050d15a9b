//! Statistics of time series: which figure does a column of numbers give, and when does it give none?
//!
//! Start with the question: [`fit`] for a trend, its residuals and leverages; [`scale`] for mean and spread;
//! [`quantile`] for order statistics; [`density`] for the shape of a distribution; [`smooth`] for a line through noisy,
//! unevenly spaced samples; [`series`] for bringing several time axes together; [`thin`] for those samples that suffice to
//! draw a series; [`returns`] for what a value earned, and at what risk. One statistic per module, each with its source.
//!
//! Everything here is a pure function of its arguments. What is undefined is `None` or an error with the offending
//! value, never NaN or 0. `testdata/` holds what numpy and scipy answer to the same questions, and the script that
//! asked them.
#![deny(missing_docs)]

mod column;
pub mod density;
pub mod fit;
pub mod quantile;
pub mod returns;
pub mod scale;
pub mod series;
pub mod smooth;
pub mod thin;
