//! How are figures written? Money to the cent, whatever its size, as the page shows it. Everything else (units, prices,
//! residuals, σ, coefficients, hours) with six digits that count; a whole part is never rounded. The terms of a sum all
//! have the decimals of its largest.
//!
//! Start at [`usd`] and [`number`].

use advisor_core::rules::Basis;

use super::layout::GLUE;

/// An amount of money.
pub(super) fn usd(money: f64) -> String {
    format!("{}{GLUE}USD", cents(money))
}

/// The same without its unit.
pub(super) fn cents(money: f64) -> String {
    fixed(money, 2)
}

/// A number that is no money. A billionth is what binary arithmetic leaves of nothing.
pub(super) fn number(number: f64) -> String {
    let size = number.abs();
    if size < 1e-9 {
        "0".to_owned()
    } else if (1e-4..1e15).contains(&size) {
        without_zeros(&format!("{number:.*}", decimals(size))).to_owned()
    } else {
        let text = format!("{number:.5e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        format!("{}e{exponent}", without_zeros(digits))
    }
}

/// An amount of an asset, of which arithmetic leaves more.
pub(super) fn units(units: f64) -> String {
    number(if units.abs() < 1e-6 { 0.0 } else { units })
}

/// A number of which more than hundredths say nothing: basis points, percent.
pub(super) fn hundredths(of: f64) -> String {
    number((of * 100.0).round() / 100.0)
}

/// A share in percent; 100 · 0.007 is 0.7000000000000001.
pub(super) fn percent(share: f64) -> String {
    number((share * 1e8).round() / 1e6)
}

/// A price less another: with a sign, and to the millionth at most.
pub(super) fn apart(price_usd: f64) -> String {
    let decimals = decimals(price_usd.abs()).min(6);
    format!("{price_usd:+.decimals$}")
}

/// The terms of a sum of prices: six digits of the largest, and of the others as many decimals.
pub(super) fn prices(terms: [f64; 3]) -> [String; 3] {
    let decimals = decimals(terms.iter().fold(0.0, |largest: f64, term| largest.max(term.abs())));
    terms.map(|term| fixed(term, decimals))
}

/// What the gate judges is a position or a price.
pub(super) fn unit_of(basis: Basis) -> &'static str {
    match basis {
        Basis::CorrectedPosition => "USD",
        Basis::ChangeRateUsd => "USD per unit",
    }
}

/// Such a position, or such a price.
pub(super) fn value_of(basis: Basis, value: f64) -> String {
    match basis {
        Basis::CorrectedPosition => cents(value),
        Basis::ChangeRateUsd => number(value),
    }
}

/// To so many decimals; what is nothing to them has no sign.
fn fixed(number: f64, decimals: usize) -> String {
    let is_nothing = number.abs() < 0.5 * 10f64.powf(-(decimals as f64));
    format!("{:.decimals$}", if is_nothing { 0.0 } else { number })
}

/// How many decimals make six digits of a number of this size.
fn decimals(size: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0..=9")]
    let decimals = (5.0 - size.max(1e-9).log10().floor()).clamp(0.0, 9.0) as usize;
    decimals
}

fn without_zeros(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_has_its_cents_and_everything_else_six_digits() {
        for (of, expected) in [
            (0.0, ["0", "0", "0.00"]),
            (1.0, ["1", "1", "1.00"]),
            (-22.167_93, ["-22.1679", "-22.1679", "-22.17"]),
            (0.5, ["0.5", "0.5", "0.50"]),
            (0.583_818_2, ["0.583818", "0.583818", "0.58"]),
            (123_456.789, ["123457", "123457", "123456.79"]),
            (1_234_567.89, ["1234568", "1234568", "1234567.89"]),
            (0.001_234_567, ["0.00123457", "0.00123457", "0.00"]),
            (1e-6, ["1e-6", "1e-6", "0.00"]),
            (2.5e-8, ["2.5e-8", "0", "0.00"]),
            (-1.819e-12, ["0", "0", "0.00"]),
            (7.338_991_2e17, ["7.33899e17", "7.33899e17", "733899120000000000.00"]),
        ] {
            assert_eq!([number(of), units(of), cents(of)], expected, "{of}");
        }
    }

    #[test]
    fn the_terms_of_a_sum_have_the_same_decimals() {
        assert_eq!(prices([1.000_123_4, 1.000_083_2, 0.000_040_2]), ["1.00012", "1.00008", "0.00004"]);
        assert_eq!(prices([0.45, 0.46, -0.01]), ["0.450000", "0.460000", "-0.010000"]);
    }

    #[test]
    fn a_difference_of_prices_has_its_sign_and_at_most_six_decimals() {
        assert_eq!(
            [0.001_234_567, -0.000_05, 1.5, 0.0].map(apart),
            ["+0.001235", "-0.000050", "+1.50000", "+0.000000"]
        );
    }
}
