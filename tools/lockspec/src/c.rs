// SPDX-License-Identifier: GPL-2.0

//! The little of C that the data uses: prototypes, `a->b->c` and conditions.

use std::ops::Range;

use crate::spec::Argument;

/// What is wrong, and where in the text.
#[derive(Debug, PartialEq, Eq)]
pub struct Error {
    pub at: Range<usize>,
    pub message: String,
}

impl Error {
    fn new(at: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            at,
            message: message.into(),
        }
    }
}

/// A word or a mark, and where it stands.
struct Token<'a> {
    text: &'a str,
    at: Range<usize>,
}

/// Splits into names, numbers and marks.
fn tokens(text: &str) -> Result<Vec<Token<'_>>, Error> {
    const MARKS: [&str; 10] = ["->", "!=", "==", "(", ")", ",", "*", "&", "!", ";"];
    let mut tokens = Vec::new();
    let mut from = 0;
    while let Some(rest) = text.get(from..).filter(|rest| !rest.is_empty()) {
        let word = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        let len = if word > 0 {
            word
        } else if let Some(mark) = MARKS.iter().find(|mark| rest.starts_with(**mark)) {
            mark.len()
        } else {
            let c = rest.chars().next().map_or(0, char::len_utf8);
            if !rest.starts_with(' ') {
                return Err(Error::new(
                    from..from + c,
                    "this character has no place here",
                ));
            }
            from += c;
            continue;
        };
        tokens.push(Token {
            text: &text[from..from + len],
            at: from..from + len,
        });
        from += len;
    }
    Ok(tokens)
}

/// Whether this is a name that C allows.
pub fn is_name(text: &str) -> bool {
    !text.starts_with(|c: char| c.is_ascii_digit())
        && !text.is_empty()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Parses `TYPE (TYPE NAME, ...)`, or `TYPE (void)`, into the arguments.
pub fn prototype(text: &str) -> Result<Vec<Argument>, Error> {
    let end = text.len()..text.len();
    let tokens = tokens(text)?;
    let open = tokens
        .iter()
        .position(|t| t.text == "(")
        .ok_or_else(|| Error::new(0..text.len(), "there are no arguments in parentheses"))?;
    if open == 0 {
        return Err(Error::new(0..1, "the type that is returned is missing"));
    }
    let (close, inner) = match tokens.split_last() {
        Some((last, rest)) if last.text == ")" => (last.at.clone(), &rest[open + 1..]),
        _ => return Err(Error::new(end, "a closing parenthesis is missing")),
    };
    if let [only] = inner {
        if only.text == "void" {
            return Ok(Vec::new());
        }
    }

    let mut arguments: Vec<Argument> = Vec::new();
    for argument in inner.split(|t| t.text == ",") {
        let (Some(first), Some((name, kind))) = (argument.first(), argument.split_last()) else {
            return Err(Error::new(close, "an argument is missing"));
        };
        let at = first.at.start..name.at.end;
        if let Some(odd) = argument.iter().find(|t| !is_name(t.text) && t.text != "*") {
            return Err(Error::new(odd.at.clone(), "an argument is `TYPE NAME`"));
        }
        if kind.is_empty() || name.text == "*" {
            return Err(Error::new(
                at,
                "an argument is `TYPE NAME`: the name is missing",
            ));
        }
        if arguments.iter().any(|a| a.name == name.text) {
            return Err(Error::new(
                name.at.clone(),
                "there is another argument of this name",
            ));
        }
        let words: Vec<&str> = kind
            .iter()
            .map(|t| t.text)
            .filter(|t| *t != "const")
            .collect();
        arguments.push(Argument {
            name: name.text.to_owned(),
            points_to: match words[..] {
                ["struct", tag, "*"] => Some(tag.to_owned()),
                _ => None,
            },
        });
    }
    Ok(arguments)
}

/// Parses `a->b->c` into its names.
pub fn members(text: &str) -> Result<Vec<(String, Range<usize>)>, Error> {
    let tokens = tokens(text)?;
    let mut names = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        let fits = match i % 2 {
            0 => is_name(token.text),
            _ => token.text == "->",
        };
        if !fits {
            return Err(Error::new(token.at.clone(), "names are joined by `->`"));
        }
        if i % 2 == 0 {
            names.push((token.text.to_owned(), token.at.clone()));
        }
    }
    if tokens.len() % 2 == 0 {
        return Err(Error::new(text.len()..text.len(), "a name is missing"));
    }
    Ok(names)
}

/// A condition whose names are not looked up yet.
#[derive(Debug, PartialEq, Eq)]
pub enum Condition<N> {
    Exists(N),
    IsDir(N),
    NotDir(N),
    Differ(N, N),
    Same(N, N),
    FlagSet(N, N),
    FlagClear(N, N),
}

/// Parses a condition.
pub fn condition(text: &str) -> Result<Condition<(&str, Range<usize>)>, Error> {
    let tokens = tokens(text)?;
    let words: Vec<&str> = tokens.iter().map(|t| t.text).collect();
    let name = |i: usize| {
        let token = &tokens[i];
        if is_name(token.text) {
            Ok((token.text, token.at.clone()))
        } else {
            Err(Error::new(token.at.clone(), "a name is expected here"))
        }
    };
    Ok(match words[..] {
        ["exists", "(", _, ")"] => Condition::Exists(name(2)?),
        ["is_dir", "(", _, ")"] => Condition::IsDir(name(2)?),
        ["!", "is_dir", "(", _, ")"] => Condition::NotDir(name(3)?),
        [_, "!=", _] => Condition::Differ(name(0)?, name(2)?),
        [_, "==", _] => Condition::Same(name(0)?, name(2)?),
        [_, "&", _] => Condition::FlagSet(name(0)?, name(2)?),
        ["!", "(", _, "&", _, ")"] => Condition::FlagClear(name(2)?, name(4)?),
        _ => return Err(Error::new(0..text.len(), "this is no condition")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(text: &str) -> Vec<(String, Option<String>)> {
        (prototype(text).expect("a prototype").into_iter())
            .map(|a| (a.name, a.points_to))
            .collect()
    }

    #[test]
    fn arguments_have_names_and_structs() {
        let dir = ("dir".to_owned(), Some("inode".to_owned()));
        let path = ("path".to_owned(), Some("path".to_owned()));
        let mode = ("mode".to_owned(), None);
        assert_eq!(arguments("void (void)"), []);
        assert_eq!(arguments("int (umode_t mode)"), [mode]);
        assert_eq!(
            arguments("struct dentry *(struct inode *dir, const struct path *path)"),
            [dir, path]
        );
    }

    #[test]
    fn a_pointer_to_a_pointer_leads_nowhere() {
        assert_eq!(
            arguments("int (struct inode **all)"),
            [("all".to_owned(), None)]
        );
    }

    #[test]
    fn what_is_wrong_is_pointed_at() {
        let at = |text| prototype(text).expect_err("no prototype").at;
        assert_eq!(at("int"), 0..3);
        assert_eq!(at("int (int a"), 10..10);
        assert_eq!(at("(int a)"), 0..1);
        assert_eq!(at("int (int a,)"), 11..12);
        assert_eq!(at("int (int a, b)"), 12..13);
        assert_eq!(members("a->").expect_err("no way").at, 3..3);
        assert_eq!(members("a->b c").expect_err("no way").at, 5..6);
        assert_eq!(condition("a & (").expect_err("no condition").at, 4..5);
    }

    #[test]
    fn conditions_are_read_as_in_c() {
        assert_eq!(condition("exists( a )"), Ok(Condition::Exists(("a", 8..9))));
        assert_eq!(condition("!is_dir(a)"), Ok(Condition::NotDir(("a", 8..9))));
        assert_eq!(
            condition("a!=b"),
            Ok(Condition::Differ(("a", 0..1), ("b", 3..4)))
        );
        assert_eq!(
            condition("!(a & B)"),
            Ok(Condition::FlagClear(("a", 2..3), ("B", 6..7)))
        );
    }
}
