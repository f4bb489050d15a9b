//! Which tables are in the store's file, in every version of its schema?

use file_store::Format;

/// Whose the file is, and how its tables come to be.
pub const FORMAT: Format = Format {
    application_id: 0x4757_6d6b, // "GWmk"
    steps: &[V1],
    store: "market store",
    program: concat!("graphwiz-trader ", env!("CARGO_PKG_VERSION")),
};

/// Times are microseconds since the epoch. Blocks of a series do not overlap; `first` and `last` are open times. What a
/// block holds stands in `blocks.rs`. `records` comes last, so that the rest of a row is read without it.
const V1: &str = "
    create table series (
        id integer primary key, venue text not null, base text not null, quote text not null, timeframe text not null,
        price_digits integer not null, volume_digits integer not null, unique (venue, base, quote, timeframe)
    ) strict;
    create table blocks (
        id integer primary key, series integer not null references series, first integer not null,
        last integer not null, bars integer not null, records blob not null, unique (series, first)
    ) strict;
    create table sources (
        series integer not null references series, source text not null, taken_at integer not null,
        primary key (series, source)
    ) strict, without rowid;
    create table programs (schema integer primary key, version text not null) strict;
    insert into programs (schema, version) values (1, '0.1.0');
";
