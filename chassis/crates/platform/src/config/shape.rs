//! What does the schema allow at one place? The keywords of a JSON Schema node, gathered from its references.

use serde_json::{Map, Value as Json};

/// A named text format and the check behind it, since JSON Schema leaves the meaning of `format` open.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// The name by which a schema refers to it.
    pub name: &'static str,
    /// What a fault says was expected, for example `a time zone such as Europe/Berlin`.
    pub expected: &'static str,
    /// Whether a text has this format.
    pub accepts: fn(&str) -> bool,
}

/// Keywords that describe and never restrict.
const ANNOTATIONS: &[&str] = &["$schema", "$defs", "title", "description", "default", "examples", "pattern"];
/// The formats of numbers that schemars writes; the bounds beside them say the same, but for the upper end of 64 bits.
const NUMBER_FORMATS: &[&str] = &["double", "float", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64"];

/// The restrictions of one schema node.
#[derive(Debug, Default)]
pub(super) struct Shape<'a> {
    /// Allowed kinds (`string`, `null`, …); empty: any.
    pub(super) kinds: Vec<&'a str>,
    /// The only values allowed, `null` not among them.
    pub(super) choices: Vec<&'a str>,
    pub(super) minimum: Option<f64>,
    pub(super) maximum: Option<f64>,
    pub(super) above: Option<f64>,
    pub(super) below: Option<f64>,
    pub(super) non_empty: bool,
    pub(super) unique: bool,
    pub(super) format: Option<&'a Format>,
    pub(super) items: Option<&'a Json>,
    pub(super) properties: Option<&'a Map<String, Json>>,
    /// The schema of keys not listed in `properties`; `None`: there are none.
    pub(super) others: Option<&'a Json>,
    pub(super) required: Vec<&'a str>,
    pub(super) secret: bool,
    /// Whether the upper end is that of 64 bits, which a bound as an `f64` would round.
    is_u64: bool,
}

impl<'a> Shape<'a> {
    /// Gathers what `schema` restricts; `root` holds its `$defs`.
    ///
    /// # Errors
    /// The keyword that is not understood: it would restrict nothing, silently.
    pub(super) fn of(root: &'a Json, schema: &'a Json, formats: &'a [Format]) -> Result<Self, String> {
        let mut shape = Self::default();
        shape.gather(root, schema, formats)?;
        Ok(shape)
    }

    pub(super) fn allows(&self, kind: &str) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }

    fn gather(&mut self, root: &'a Json, schema: &'a Json, formats: &'a [Format]) -> Result<(), String> {
        let keywords = schema.as_object().ok_or_else(|| schema.to_string())?;
        for (keyword, value) in keywords {
            match keyword.as_str() {
                "$ref" => {
                    let target = value.as_str().and_then(|name| root.pointer(name.strip_prefix('#')?));
                    self.gather(root, target.ok_or_else(|| value.to_string())?, formats)?;
                }
                "anyOf" | "oneOf" => {
                    for alternative in value.as_array().into_iter().flatten() {
                        self.gather(root, alternative, formats)?;
                    }
                }
                "type" => self.add_kinds(value),
                "const" => self.add_choice(value),
                "enum" => value.as_array().into_iter().flatten().for_each(|choice| self.add_choice(choice)),
                "format" => self.set_format(value, formats)?,
                _ => self.restrict(keyword, value)?,
            }
        }
        Ok(())
    }

    fn restrict(&mut self, keyword: &str, value: &'a Json) -> Result<(), String> {
        match keyword {
            "minimum" => self.minimum = value.as_f64(),
            "maximum" => self.maximum = value.as_f64(),
            "exclusiveMinimum" => self.above = value.as_f64(),
            "exclusiveMaximum" => self.below = value.as_f64(),
            "minLength" | "minItems" if value.as_u64() == Some(1) => self.non_empty = true,
            "uniqueItems" => self.unique = value.as_bool() == Some(true),
            "items" => self.items = Some(value),
            "properties" => self.properties = value.as_object(),
            "additionalProperties" => self.others = value.is_object().then_some(value),
            "required" => self.required = value.as_array().into_iter().flatten().filter_map(Json::as_str).collect(),
            "writeOnly" => self.secret = value.as_bool() == Some(true),
            annotation if ANNOTATIONS.contains(&annotation) => {}
            unknown => return Err(unknown.to_owned()),
        }
        Ok(())
    }

    fn add_kinds(&mut self, value: &'a Json) {
        let kinds = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        for kind in kinds.iter().filter_map(Json::as_str) {
            if !self.kinds.contains(&kind) {
                self.kinds.push(kind);
            }
        }
    }

    fn add_choice(&mut self, value: &'a Json) {
        match value.as_str() {
            Some(choice) => self.choices.push(choice),
            None => self.kinds.push("null"),
        }
    }

    fn set_format(&mut self, value: &Json, formats: &'a [Format]) -> Result<(), String> {
        let name = value.as_str().unwrap_or_default();
        self.is_u64 = name == "uint64";
        self.format = formats.iter().find(|format| format.name == name);
        if self.format.is_none() && !NUMBER_FORMATS.contains(&name) {
            return Err(format!("format {name}"));
        }
        Ok(())
    }

    /// What a fault says was expected here.
    pub(super) fn expected(&self) -> String {
        let mut expected = Vec::new();
        for kind in &self.kinds {
            match *kind {
                "string" => expected.push(self.expected_text()),
                "integer" | "number" => expected.push(self.expected_number(kind)),
                "boolean" => expected.push("true or false".into()),
                "array" => expected.push(if self.non_empty { "a list of at least one" } else { "a list" }.into()),
                "object" => expected.push("a mapping".into()),
                _ => {}
            }
        }
        if self.kinds.contains(&"null") && !self.choices.contains(&"null") {
            expected.push("null".into());
        }
        expected.join(" or ")
    }

    fn expected_text(&self) -> String {
        match (self.choices.as_slice(), self.format) {
            ([], Some(format)) => format.expected.into(),
            ([], None) if self.non_empty => "a string that is not empty".into(),
            ([], None) => "a string".into(),
            ([only], _) => (*only).into(),
            (choices, _) => format!("one of {}", choices.join(", ")),
        }
    }

    fn expected_number(&self, kind: &str) -> String {
        let noun = if kind == "integer" { "a whole number" } else { "a number" };
        let low = self.above.map(|low| format!("above {low}")).or(self.minimum.map(|low| format!("at least {low}")));
        let high =
            self.below.map(|high| format!("below {high}")).or(self.maximum.map(|high| format!("at most {high}")));
        match (low, high) {
            (None, None) => noun.into(),
            (Some(low), None) if self.is_u64 => format!("{noun} {low} and at most {}", u64::MAX),
            (Some(bound), None) | (None, Some(bound)) => format!("{noun} {bound}"),
            (Some(low), Some(high)) => match (self.above, self.minimum, self.below, self.maximum) {
                (None, Some(low), None, Some(high)) => format!("{noun} from {low} to {high}"),
                _ => format!("{noun} {low} and {high}"),
            },
        }
    }
}
