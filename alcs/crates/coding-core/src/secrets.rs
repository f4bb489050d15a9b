//! Does added code hold secrets?
//!
//! Start at [`on_line`], for each added line. What is found is a rule and a place, never the secret itself.

use std::sync::LazyLock;

use regex::Regex;

/// Shapes that are those of secrets whatever stands around them. They end where their alphabet does.
const SHAPES: [(&str, &str); 11] = [
    ("private_key", r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY"),
    ("aws_access_key", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    ("github_token", r"\bgh[pousr]_[A-Za-z0-9]{36,}|\bgithub_pat_[A-Za-z0-9_]{60,}"),
    ("gitlab_token", r"\bglpat-[A-Za-z0-9_-]{20,}"),
    ("slack_token", r"\bxox[abeprs]-[A-Za-z0-9-]{20,}"),
    ("google_key", r"\bAIza[A-Za-z0-9_-]{35}"),
    ("stripe_key", r"\b[rs]k_live_[A-Za-z0-9]{20,}"),
    ("model_key", r"\bsk-(?:ant-|proj-|or-)?[A-Za-z0-9_-]{32,}"),
    ("npm_token", r"\bnpm_[A-Za-z0-9]{36}"),
    ("pypi_token", r"\bpypi-AgE[A-Za-z0-9_-]{50,}"),
    ("json_web_token", r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}"),
];
/// A name that says of what it holds that nobody shall know it.
const NAME: &str = "key|token|secret|passw|credential|auth";
/// Characters of a literal that may be a secret, at least.
const LONG: usize = 20;
/// Digits of a hexadecimal number that may be one, at least.
const LONG_HEX: usize = 32;
/// Bits that one character tells, at least; of hexadecimal digits, which tell at most 4, fewer.
const BITS: f64 = 3.5;
const BITS_HEX: f64 = 3.0;

/// What tells secrets.
struct Patterns {
    shapes: Vec<(&'static str, Regex)>,
    /// A name, and a literal under it.
    named: Regex,
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "invariant: a test compiles them")]
    let compiled = |pattern: &str| Regex::new(pattern).expect("invariant: a pattern of this file");
    let literal = format!("[A-Za-z0-9+/=_-]{{{LONG},}}");
    let named = format!(r#"(?i:{NAME})[^=:]{{0,40}}[=:][^"'`]{{0,40}}["'`]({literal})["'`]"#);
    Patterns { shapes: SHAPES.map(|(rule, shape)| (rule, compiled(shape))).to_vec(), named: compiled(&named) }
});

/// The rules by which a line of added code holds a secret, each once.
#[must_use]
pub fn on_line(line: &str) -> Vec<&'static str> {
    let shapes = PATTERNS.shapes.iter().filter(|(_, shape)| shape.is_match(line)).map(|(rule, _)| *rule);
    let mut literals = PATTERNS.named.captures_iter(line).filter_map(|found| found.get(1));
    let is_named = literals.any(|literal| is_random(literal.as_str()));
    shapes.chain(is_named.then_some("named_literal")).collect()
}

/// Whether a literal looks as if nobody had made it up.
fn is_random(literal: &str) -> bool {
    let bytes = literal.as_bytes();
    let is_hex = bytes.len() >= LONG_HEX && bytes.iter().all(u8::is_ascii_hexdigit);
    bytes.iter().any(u8::is_ascii_alphabetic)
        && bytes.iter().any(u8::is_ascii_digit)
        && entropy(bytes) >= if is_hex { BITS_HEX } else { BITS }
}

/// Bits that one of these bytes tells: −Σ p·log₂ p over the bytes that there are.
///
/// Source: C. E. Shannon, *A Mathematical Theory of Communication*, Bell System Technical Journal 27 (1948), section 6.
fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    bytes.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let share = |count: u32| f64::from(count) / bytes.len() as f64;
    counts.into_iter().filter(|count| *count > 0).map(share).map(|share| -share * share.log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn holds(line: &str, expected: &[&str]) {
        assert_eq!(on_line(line), expected, "{line}");
    }

    /// So many characters of an alphabet, none twice in a row: no secret of anybody.
    fn random(count: usize) -> String {
        let alphabet = b"a7Kq2Zx9Lm4Tw8Rb3Yv6Hn5Jc1PdGs0F";
        (0..count).map(|i| char::from(alphabet[i * 7 % alphabet.len()])).collect()
    }

    #[test]
    fn entropy_is_what_the_formula_says() {
        for (text, bits) in [("aaaa", 0.0), ("abab", 1.0), ("abcd", 2.0), ("aabbccdd", 2.0), ("0123456789abcdef", 4.0)]
        {
            assert!((entropy(text.as_bytes()) - bits).abs() < 1e-12, "{text}");
        }
    }

    #[test]
    fn known_shapes_are_found_anywhere() {
        holds(&format!("-----BEGIN {}PRIVATE KEY-----", "RSA "), &["private_key"]);
        holds(&format!("curl -H {}{}", "AK", "IA0123456789ABCDEF"), &["aws_access_key"]);
        for (rule, start, length) in [
            ("github_token", "ghp_", 36),
            ("gitlab_token", "glpat-", 20),
            ("slack_token", "xoxb-", 24),
            ("google_key", "AIza", 35),
            ("stripe_key", "sk_live_", 24),
            ("model_key", "sk-ant-", 40),
            ("npm_token", "npm_", 36),
            ("pypi_token", "pypi-AgE", 60),
        ] {
            holds(&format!("run({start}{})", random(length)), &[rule]);
            holds(&format!("run({start}x)"), &[]);
        }
        holds(&format!("{0}.{0}.{1}", ["ey", "Jabcdefghijkl"].concat(), random(30)), &["json_web_token"]);
        holds("-----BEGIN PUBLIC KEY-----", &[]);
    }

    #[test]
    fn a_random_literal_is_a_secret_under_a_name_that_says_so() {
        let literal = random(24);
        for line in [
            format!("API_KEY = \"{literal}\""),
            format!("const apiToken: &str = \"{literal}\";"),
            format!("  \"password\": '{literal}',"),
            format!("auth := `{literal}`"),
            format!("env['SECRET'] = b\"{literal}\""),
        ] {
            holds(&line, &["named_literal"]);
        }
        holds(&format!("name = \"{literal}\""), &[]);
        holds(&format!("key = {literal}"), &[]);
        holds(&format!("key = \"{}\"", &literal[..19]), &[]);
    }

    #[test]
    fn what_somebody_made_up_is_no_secret() {
        holds("password_label = \"abcdefghijklmnopqrstuvwxyz\"", &[]); // no digit
        holds("key = \"aaaaaaaaaaaaaaaaaaaaaaaaaaaa1\"", &[]); // says nothing
        holds("token = \"1234567890123456789012345\"", &[]); // no letter
    }

    #[test]
    fn hexadecimal_numbers_need_less() {
        // 16 digits alike often: 4 bits. 8 of them: 3 bits. 4 of them: 2 bits.
        holds("key = \"0123456789abcdef0123456789abcdef\"", &["named_literal"]);
        holds("key = \"0123abcd0123abcd0123abcd0123abcd\"", &["named_literal"]);
        holds("key = \"01ab01ab01ab01ab01ab01ab01ab01ab\"", &[]);
        holds("key = \"0123abcd0123abcd0123abcd\"", &[]); // shorter than 32
    }
}
