//! Which tables are in the store's file, in every version of its schema?

use file_store::Format;

/// Whose the file is, and how its tables come to be.
pub const FORMAT: Format = Format {
    application_id: 0x4757_6d6b, // "GWmk"
    steps: &[V1, V2],
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

/// What a block holds has a form, see `blocks.rs`; `form` stands behind the records and still costs nothing to read,
/// since SQLite keeps 0 and 1 in the head of a row.
///
/// Of a file that bars came from it is kept by what it is known again, and how many of its lines were no bars. `size`
/// and the times, in nanoseconds, are null where they do not tell whether it is the same, `sha256` where it is no file.
const V2: &str = "
    alter table blocks add column form integer not null default 0;
    alter table sources add column rejected integer not null default 0;
    alter table sources add column size integer;
    alter table sources add column modified_ns integer;
    alter table sources add column changed_ns integer;
    alter table sources add column sha256 blob;
    insert into programs (schema, version) values (2, '0.1.0');
";
