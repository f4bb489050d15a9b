//! Numbers as people read them: as many digits as tell one tick from the next, and thousands apart.

/// Larger numbers are written as a power of ten.
const LARGE: f64 = 1e11;
/// So are smaller ones.
const SMALL: f64 = 1e-5;

/// The numbers of an axis, `step` apart, all in one notation.
pub(super) fn ticks(numbers: &[f64], step: f64) -> Vec<String> {
    let largest = numbers.iter().fold(0.0, |largest: f64, number| largest.max(number.abs()));
    let label = |number: &f64| {
        if number.abs() < step * 1e-6 {
            // Zero, but for the rounding of sums.
            return if is_plain(largest) { fixed(0.0, decimals(step)) } else { "0".to_owned() };
        }
        if is_plain(largest) { fixed(*number, decimals(step)) } else { power_of_ten(*number, step) }
    };
    numbers.iter().map(label).collect()
}

/// A figure that stands alone: cents where it is large, else four digits that count.
pub(super) fn figure(number: f64) -> String {
    let size = number.abs();
    if size == 0.0 {
        "0".to_owned()
    } else if !is_plain(size) {
        power_of_ten(number, size / 1e3)
    } else {
        fixed(number, if size >= 10.0 { 2 } else { decimals(10_f64.powf(size.log10().floor() - 3.0)) })
    }
}

/// USD and cents.
pub(super) fn money(usd: f64) -> String {
    if usd.abs() < LARGE { fixed(usd, 2) } else { figure(usd) }
}

fn is_plain(size: f64) -> bool {
    (SMALL..LARGE).contains(&size)
}

/// Decimals that tell a number from the next, where steps are 1, 2 or 5 times a power of ten.
fn decimals(step: f64) -> usize {
    let decimals = (-step.log10() - 1e-9).ceil().clamp(0.0, 15.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0..=15")]
    let decimals = decimals as usize;
    decimals
}

fn power_of_ten(number: f64, step: f64) -> String {
    let digits = decimals(step / 10_f64.powf(number.abs().log10().floor()));
    minus(&format!("{number:.digits$e}"))
}

fn fixed(number: f64, decimals: usize) -> String {
    grouped(&format!("{number:.decimals$}"))
}

/// Separates thousands with commas, and writes a real minus.
fn grouped(number: &str) -> String {
    let (sign, rest) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (whole, fraction) = rest.split_once('.').map_or((rest, None), |(whole, fraction)| (whole, Some(fraction)));
    let mut text = sign.to_owned();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if let Some(fraction) = fraction {
        text.push('.');
        text.push_str(fraction);
    }
    minus(&text)
}

fn minus(number: &str) -> String {
    number.replace('-', "\u{2212}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_show_their_step_in_one_notation() {
        for (numbers, step, expected) in [
            (&[999.0, 1000.0][..], 1.0, &["999", "1,000"][..]),
            (&[1_234_567.5, 1_234_568.0], 0.5, &["1,234,567.5", "1,234,568.0"]),
            (&[-0.2, 1e-17, 0.2], 0.2, &["−0.2", "0.0", "0.2"]),
            (&[1.0001, 1.0002], 1e-4, &["1.0001", "1.0002"]),
            (&[0.0, 50_000.0, 100_000.0], 50_000.0, &["0", "50,000", "100,000"]),
            (&[-1e12, -5e11, 0.0, 5e11], 5e11, &["−1.0e12", "−5e11", "0", "5e11"]),
            (&[2.9995e-5, 3e-5], 5e-9, &["0.000029995", "0.000030000"]),
            (&[0.0, 1e-9, 2e-9], 1e-9, &["0", "1e−9", "2e−9"]),
        ] {
            assert_eq!(ticks(numbers, step), expected);
        }
    }

    #[test]
    fn figures_keep_four_digits_or_cents() {
        for (number, expected) in [
            (0.0, "0"),
            (12_345.678, "12,345.68"),
            (-10.0, "−10.00"),
            (3.21987, "3.220"),
            (1.0, "1.000"),
            (0.286_889, "0.2869"),
            (0.000_123_45, "0.0001234"),
            (-1.5e-9, "−1.500e−9"),
            (7.338_99e14, "7.339e14"),
        ] {
            assert_eq!(figure(number), expected, "{number}");
        }
    }

    #[test]
    fn money_has_cents() {
        assert_eq!([0.01, 1234.5, 2.5e13].map(money), ["0.01", "1,234.50", "2.500e13"]);
    }
}
