//! From TOML text to a typed value, with every misspelt key and wrong type found in one pass.
//!
//! Serde stops at the first error. Here a value that serde refuses is noted with its place, taken out of the tree, and
//! the rest is tried again, so the user sees all of them at once.

use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use super::path::{self, KeyPath, Step};
use super::problem::{Origin, Problem, nearest};

/// A config as text and tree, before it has a type.
#[derive(Clone, Debug)]
pub struct Source {
    file: Option<PathBuf>,
    text: String,
    tree: Value,
    overrides: Vec<(KeyPath, String)>,
}

impl Source {
    /// Reads TOML text; `file` is for messages only.
    ///
    /// # Errors
    /// Every syntax error.
    pub fn new(file: Option<&Path>, text: &str) -> Result<Source, Vec<Problem>> {
        let (_, errors) = DeTable::parse_recoverable(text);
        let file = file.map(Path::to_owned);
        let source = Source { file, text: text.to_owned(), tree: Value::Table(Table::new()), overrides: Vec::new() };
        if !errors.is_empty() {
            return Err(errors.iter().map(|e| source.syntax_problem(e.message(), e.span())).collect());
        }
        match text.parse::<Table>() {
            Ok(table) => Ok(Source { tree: Value::Table(table), ..source }),
            Err(e) => Err(vec![source.syntax_problem(e.message(), e.span())]),
        }
    }

    /// Applies one `--set key=value`; the value is read as TOML, or as a bare word.
    ///
    /// # Errors
    /// No `=`, or a path that leads nowhere.
    pub fn set(&mut self, assignment: &str) -> Result<(), Problem> {
        let refused = |message: String, hint: &str| Problem {
            origin: Origin::Override(assignment.to_owned()),
            message,
            hint: Some(hint.to_owned()),
        };
        let example = "write it as key=value, such as training.epochs=5 or learner.network.layers.0.size=256";
        let (key, text) = assignment.split_once('=').ok_or_else(|| refused("has no `=`".into(), example))?;
        let path: KeyPath = key.trim().parse().map_err(|message| refused(message, example))?;
        path::set(&mut self.tree, &path, read_value(text.trim()))
            .map_err(|m| refused(m, "check the path against the config file"))?;
        self.overrides.push((path, assignment.to_owned()));
        Ok(())
    }

    /// The typed value.
    ///
    /// # Errors
    /// Every unknown key, wrong type and missing key that can be found.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Vec<Problem>> {
        let mut tree = self.tree.clone();
        let mut problems = Vec::new();
        let mut repaired = Vec::new();
        loop {
            let refusal = match attempt::<T>(&tree) {
                Ok(value) if problems.is_empty() => return Ok(value),
                Ok(_) => return Err(problems),
                Err(refusal) => refusal,
            };
            let culprit = culprit::<T>(&tree, &refusal);
            problems.push(self.problem(&tree, &culprit, &refusal));
            if repaired.contains(&culprit) || !repair::<T>(&mut tree, &culprit, &refusal) {
                return Err(problems);
            }
            repaired.push(culprit);
        }
    }

    /// Where the value at `path`, or the nearest table above it, came from.
    pub fn origin(&self, path: &KeyPath) -> Origin {
        let set = self
            .overrides
            .iter()
            .rev()
            .find(|(set, _)| set.is_prefix_of(path) || path.is_prefix_of(set) && self.span(path).is_none());
        if let Some((_, text)) = set {
            return Origin::Override(text.clone());
        }
        match &self.file {
            None => Origin::BuiltIn,
            Some(file) => {
                let span = (0..=path.0.len()).rev().find_map(|n| self.span(&KeyPath(path.0[..n].to_vec())));
                Origin::File { file: file.clone(), line: span.map(|span| self.line(span.start)) }
            }
        }
    }

    fn syntax_problem(&self, message: &str, span: Option<Range<usize>>) -> Problem {
        let origin = match &self.file {
            None => Origin::BuiltIn,
            Some(file) => Origin::File { file: file.clone(), line: span.map(|span| self.line(span.start)) },
        };
        let message = message.trim().replace('\n', "; ");
        Problem {
            origin,
            message: format!("not valid TOML: {message}"),
            hint: Some("see https://toml.io for the syntax".into()),
        }
    }

    fn problem(&self, tree: &Value, culprit: &KeyPath, refusal: &Refusal) -> Problem {
        if refusal.missing_key().is_some() {
            self.missing(culprit)
        } else {
            self.refused(tree, culprit, &refusal.message)
        }
    }

    fn missing(&self, path: &KeyPath) -> Problem {
        let (table, key) = (path.parent(), path.last());
        Problem {
            origin: self.origin(path),
            message: format!("`{path}` is missing"),
            hint: Some(format!(
                "add `{key} = ...`{}",
                if table.0.is_empty() { String::new() } else { format!(" to `{table}`") }
            )),
        }
    }

    fn refused(&self, tree: &Value, culprit: &KeyPath, message: &str) -> Problem {
        let origin = self.origin(culprit);
        let (message, expected) = match message.split_once(", expected") {
            Some((what, expected)) => (what.trim(), expected.trim().to_owned()),
            None => (message.trim(), String::new()),
        };
        if message.starts_with("unknown field") {
            let hint = did_you_mean(&culprit.last(), &expected);
            return Problem { origin, message: format!("unknown key `{culprit}`"), hint };
        }
        let value = path::get(tree, culprit).map(ToString::to_string).unwrap_or_default();
        let word = quoted_after(message, "unknown variant ").unwrap_or_else(|| value.clone());
        let hint = did_you_mean(&word, &expected);
        Problem { origin, message: format!("`{culprit} = {}`: {message}", value.trim()), hint }
    }

    fn span(&self, path: &KeyPath) -> Option<Range<usize>> {
        let root = DeTable::parse(&self.text).ok()?;
        let mut here: Option<&Spanned<DeValue<'_>>> = None;
        let mut key_span = None;
        for step in &path.0 {
            let next = match step {
                Step::Key(key) => {
                    let table = match here {
                        None => root.get_ref(),
                        Some(value) => value.get_ref().as_table()?,
                    };
                    let (found, value) = table.iter().find(|(name, _)| name.get_ref().as_ref() == key)?;
                    key_span = Some(found.span());
                    value
                }
                Step::Index(index) => {
                    let value = here?.get_ref().as_array()?.get(*index)?;
                    key_span = Some(value.span());
                    value
                }
            };
            here = Some(next);
        }
        key_span
    }

    fn line(&self, offset: usize) -> usize {
        1 + self.text.bytes().take(offset).filter(|&b| b == b'\n').count()
    }
}

fn read_value(text: &str) -> Value {
    let parsed = format!("value = {text}").parse::<Table>().ok().filter(|table| table.len() == 1);
    parsed.and_then(|mut table| table.remove("value")).unwrap_or_else(|| Value::String(text.to_owned()))
}

/// Where serde stopped, and what it said.
#[derive(Debug)]
struct Refusal {
    place: KeyPath,
    message: String,
}

impl Refusal {
    fn missing_key(&self) -> Option<String> {
        quoted_after(&self.message, "missing field ")
    }
}

/// One try.
fn attempt<T: DeserializeOwned>(tree: &Value) -> Result<T, Refusal> {
    serde_path_to_error::deserialize(tree.clone()).map_err(|error| {
        let steps = error.path().iter().filter_map(|segment| match segment {
            serde_path_to_error::Segment::Seq { index } => Some(Step::Index(*index)),
            serde_path_to_error::Segment::Map { key } => Some(Step::Key(key.clone())),
            _ => None,
        });
        let message = error.inner().message().trim().replace('\n', " ");
        Refusal { place: KeyPath(steps.collect()), message }
    })
}

/// The path of the value that serde refuses, or misses.
fn culprit<T: DeserializeOwned>(tree: &Value, refusal: &Refusal) -> KeyPath {
    if let Some(key) = refusal.missing_key() {
        return refusal.place.key(&key);
    }
    match quoted_after(&refusal.message, "unknown field ") {
        Some(key) => find_below(tree, &refusal.place, &key).unwrap_or_else(|| refusal.place.clone()),
        None => blamed_below::<T>(tree, &refusal.place, &refusal.message),
    }
}

/// The place of `key` in the table at `place` or, failing that, in a table inside it: of choices within choices (enums)
/// serde names the outermost only.
fn find_below(tree: &Value, place: &KeyPath, key: &str) -> Option<KeyPath> {
    let table = path::get(tree, place)?.as_table()?;
    if table.contains_key(key) {
        return Some(place.key(key));
    }
    table.keys().find_map(|inner| find_below(tree, &place.key(inner), key))
}

/// Serde names the table when a choice with parameters (an enum) holds the bad value: of the keys whose removal
/// changes the complaint it is the one that the complaint describes. (Without its `kind`, any choice is complained about.)
fn blamed_below<T: DeserializeOwned>(tree: &Value, place: &KeyPath, message: &str) -> KeyPath {
    let Some(Value::Table(table)) = path::get(tree, place) else { return place.clone() };
    let changes_the_complaint = |key: &&String| {
        let mut without = tree.clone();
        path::remove(&mut without, &place.key(key));
        !matches!(attempt::<T>(&without), Err(again) if again.message == message)
    };
    let suspects: Vec<&String> = table.keys().filter(changes_the_complaint).collect();
    let described = suspects.iter().find(|key| describes(message, key, &table[key.as_str()]));
    let not_the_choice = || suspects.iter().find(|key| key.as_str() != "kind");
    match described.or_else(not_the_choice).or(suspects.first()) {
        Some(key) => blamed_below::<T>(tree, &place.key(key), message),
        None => place.clone(),
    }
}

/// Whether a complaint speaks of this key or of a value like this.
fn describes(message: &str, key: &str, value: &Value) -> bool {
    if let Some(word) = quoted_after(message, "unknown variant ") {
        return value.as_str() == Some(&word);
    }
    let Some(kind) = message.strip_prefix("invalid type: ").or(message.strip_prefix("invalid value: ")) else {
        return message.contains(key);
    };
    kind.starts_with(&match value {
        Value::String(text) => format!("string {text:?}"),
        Value::Integer(number) => format!("integer `{number}`"),
        Value::Boolean(truth) => format!("boolean `{truth}`"),
        Value::Float(_) => "floating point".into(),
        Value::Datetime(_) => "string".into(),
        Value::Array(_) => "sequence".into(),
        Value::Table(_) => "map".into(),
    })
}

/// Puts something acceptable in the place of the culprit, so that the rest of the tree can be looked at.
fn repair<T: DeserializeOwned>(tree: &mut Value, culprit: &KeyPath, refusal: &Refusal) -> bool {
    if refusal.message.starts_with("unknown field") {
        return rename_or_remove(tree, culprit, &refusal.message);
    }
    let word = backquoted(refusal.message.split_once(", expected").map_or("", |(_, expected)| expected));
    let words = word.into_iter().map(|word| Value::String(word.to_owned()));
    let table = || Value::Table(Table::new());
    let text = Value::String(String::new());
    let plain = [Value::Integer(1), Value::Float(1.0), Value::Boolean(true), text, Value::Array(Vec::new()), table()];
    let accepted = words.chain(plain).find_map(|candidate| {
        let mut repaired = tree.clone();
        path::set(&mut repaired, culprit, candidate).ok()?;
        let fits = attempt::<T>(&repaired).err().is_none_or(|again| self::culprit::<T>(&repaired, &again) != *culprit);
        fits.then_some(repaired)
    });
    accepted.map(|repaired| *tree = repaired).is_some()
}

/// A misspelt key gets the name that it was meant to have, unless that is taken.
fn rename_or_remove(tree: &mut Value, culprit: &KeyPath, message: &str) -> bool {
    let Some(value) = path::remove(tree, culprit) else { return false };
    let known = backquoted(message.split_once(", expected").map_or("", |(_, expected)| expected));
    let meant = nearest(&culprit.last(), known).map(|key| culprit.parent().key(key));
    if let Some(meant) = meant.filter(|meant| path::get(tree, meant).is_none()) {
        return path::set(tree, &meant, value).is_ok();
    }
    true
}

/// Rust's names of number types, for people.
fn in_words(kind: &str) -> &str {
    match kind {
        "usize" | "u64" | "u32" => "a whole number, 0 or more",
        "f64" | "f32" => "a number",
        "a boolean" => "true or false",
        other => other,
    }
}

fn did_you_mean(word: &str, expected: &str) -> Option<String> {
    let known = backquoted(expected);
    match nearest(word, known.iter().copied()) {
        Some(near) => Some(format!("did you mean `{near}`?")),
        None if known.is_empty() && expected.is_empty() => Some("there is no key here".into()),
        None => Some(format!("expected {}", in_words(expected.trim_start_matches("one of ").trim_start_matches(':')))),
    }
}

fn backquoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

fn quoted_after(message: &str, start: &str) -> Option<String> {
    let rest = message.strip_prefix(start)?;
    backquoted(rest).first().map(|&word| word.to_owned())
}
