//! Whose bars are in a file, by its name and by what somebody says?

use std::path::Path;

use trading_core::instrument::InstrumentId;
use trading_core::time::Timeframe;

use super::refusal::Refusal;

/// What somebody says about whose bars a file has; each goes before what the file's name says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeriesNames {
    /// As in `binance`.
    pub venue: Option<String>,
    /// As in `BTC/USDT`, or with the venue: `binance:BTC/USDT`.
    pub instrument: Option<String>,
    /// How long each bar is.
    pub timeframe: Option<Timeframe>,
}

/// What the name of a file says: `binance_BTC-USDT_1h.csv.gz`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName {
    /// Whose data they are.
    pub instrument: InstrumentId,
    /// What they are.
    pub kind: Kind,
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Bars.
    Bars(Timeframe),
    /// Single trades.
    Trades,
    /// Best bids and asks.
    Tickers,
}

impl FileName {
    /// What the name says; `None` where it is of another form.
    #[must_use]
    pub fn parse(path: &Path) -> Option<Self> {
        let mut parts = stem(path)?.split('_');
        let (venue, pair, kind) = (parts.next()?, parts.next()?, parts.next()?);
        let instrument = format!("{venue}:{}", pair.replacen('-', "/", 1)).parse().ok()?;
        let kind = match kind {
            "trades" => Kind::Trades,
            "tickers" => Kind::Tickers,
            timeframe => Kind::Bars(timeframe.parse().ok()?),
        };
        parts.next().is_none().then_some(Self { instrument, kind })
    }
}

/// The name without what says that it is CSV.
pub(crate) fn stem(path: &Path) -> Option<&str> {
    let name = path.file_name()?.to_str()?;
    without_end(without_end(name, ".gz").unwrap_or(name), ".csv")
}

/// Whether the name says that the file is compressed.
pub(crate) fn is_packed(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"))
}

/// `name` without its end, in whichever case that is written.
fn without_end<'a>(name: &'a str, end: &str) -> Option<&'a str> {
    let (start, found) = name.split_at_checked(name.len().checked_sub(end.len())?)?;
    found.eq_ignore_ascii_case(end).then_some(start)
}

impl SeriesNames {
    /// Whose bars the file at `path` has.
    pub(crate) fn resolve(&self, path: &Path) -> Result<(InstrumentId, Timeframe), Refusal> {
        let name = FileName::parse(path);
        let named_timeframe = match name.as_ref().map(|name| name.kind) {
            Some(Kind::Trades) => return Err(Refusal::OtherKind("trades")),
            Some(Kind::Tickers) => return Err(Refusal::OtherKind("tickers")),
            Some(Kind::Bars(timeframe)) => Some(timeframe),
            None => None,
        };
        let named = name.map(|name| name.instrument);
        let (named_venue, named_pair) = match &named {
            Some(named) => (Some(named.venue().to_owned()), Some(format!("{}/{}", named.base(), named.quote()))),
            None => (None, None),
        };
        let (said_venue, pair) = match self.instrument.as_ref().map(|said| said.split_once(':').ok_or(said)) {
            Some(Ok((venue, pair))) => (Some(venue.to_owned()), Some(pair.to_owned())),
            Some(Err(pair)) => (None, Some(pair.clone())),
            None => (None, named_pair),
        };
        let venue = self.venue.clone().or(said_venue).or(named_venue);
        let instrument = match (venue, pair) {
            (Some(venue), Some(pair)) => Some(format!("{venue}:{pair}").parse()?),
            _ => None,
        };
        instrument.zip(self.timeframe.or(named_timeframe)).ok_or(Refusal::Unnamed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn is_of(name: &str, [venue, instrument, timeframe]: [&str; 3], expected: &str) {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let timeframe = some(timeframe).map(|text| text.parse().unwrap());
        let names = SeriesNames { venue: some(venue), instrument: some(instrument), timeframe };
        let found = names.resolve(Path::new(name));
        let found = found.map_or_else(|why| why.to_string(), |(instrument, frame)| format!("{instrument} {frame}"));
        assert_eq!(found, expected, "{name}");
    }

    const UNNAMED: &str = "neither its name says whose bars it has, as binance_BTC-USDT_1h.csv.gz does, \
                           nor do --venue, --instrument and --timeframe";

    #[test]
    fn a_name_says_venue_instrument_and_timeframe() {
        for name in ["in/binance_BTC-USDT_1h.csv.gz", "binance_BTC-USDT_1h.csv", "Binance_btc-usdt_1h.CSV"] {
            is_of(name, ["", "", ""], "binance:BTC/USDT 1h");
        }
        for name in [
            "prices.csv",
            "binance_BTC-USDT.csv",
            "binance_BTCUSDT_1h.csv",
            "binance_BTC-USDT_2h.csv",
            "binance_BTC-USDT_1h_new.csv",
            "binance_BTC-USDT_1h (1).csv",
            "binance_BTC-USDT_1h.txt",
            "..",
        ] {
            is_of(name, ["", "", ""], UNNAMED);
        }
    }

    #[test]
    fn what_somebody_says_goes_before_the_name() {
        let name = "binance_BTC-USDT_1h.csv";
        is_of(name, ["kraken", "", ""], "kraken:BTC/USDT 1h");
        is_of(name, ["", "ETH/USDC", ""], "binance:ETH/USDC 1h");
        is_of(name, ["", "kraken:ETH/USDC", "5m"], "kraken:ETH/USDC 5m");
        is_of("prices.csv", ["kraken", "ETH/EUR", "1d"], "kraken:ETH/EUR 1d");
        is_of("prices.csv", ["", "kraken:ETH/EUR", "1d"], "kraken:ETH/EUR 1d");
        is_of("prices.csv", ["bitstamp", "kraken:ETH/EUR", "1d"], "bitstamp:ETH/EUR 1d");
        is_of("prices.csv", ["kraken", "ETH/EUR", ""], UNNAMED);
        is_of("prices.csv", ["", "ETH/EUR", "1d"], UNNAMED);
        let bad = "\"kraken:ETHEUR\" is no instrument, expected venue:BASE/QUOTE as in binance:BTC/USDT";
        is_of("prices.csv", ["kraken", "ETHEUR", "1d"], bad);
    }

    #[test]
    fn trades_and_tickers_are_not_read_yet() {
        is_of("binance_BTC-USDT_trades.csv.gz", ["", "", ""], "this version does not read trades");
        is_of("binance_BTC-USDT_tickers.csv.gz", ["", "", "1m"], "this version does not read tickers");
    }
}
