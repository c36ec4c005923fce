// SPDX-License-Identifier: GPL-2.0

//! The little of C that the data uses: prototypes, `a->b->c` and conditions.

use std::ops::Range;

use crate::spec::{Argument, ArgumentKind, Returned};

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
    const MARKS: [&str; 13] = [
        "->", "!=", "==", ">=", "<", "(", ")", ",", "*", "&", "!", ";", ".",
    ];
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
        if name.text == RETURNED {
            return Err(Error::new(
                name.at.clone(),
                "conditions call what is returned by this name",
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
            .filter(|t| !["const", "__user", "__rcu"].contains(t))
            .collect();
        arguments.push(Argument {
            name: name.text.to_owned(),
            kind: match words[..] {
                ["struct", tag, "*"] => ArgumentKind::Pointer(tag.to_owned()),
                ["struct", tag, "*", "*"] => ArgumentKind::PointerToPointer(tag.to_owned()),
                ["bool"] => ArgumentKind::Bool,
                _ => ArgumentKind::Other,
            },
        });
    }
    Ok(arguments)
}

/// The name of what a callback returns, in conditions.
pub const RETURNED: &str = "ret";

/// A name or a way, and where it stands.
pub type Spot<T> = (T, Range<usize>);

/// A way from an argument: `argument->member->member`, or `*argument`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way<'a> {
    pub argument: Spot<&'a str>,
    /// Whether what the argument points to is a pointer, and that is meant.
    pub indirect: bool,
    /// A member of an embedded struct has dots in its name: `c.flc_file`.
    pub members: Vec<Spot<&'a str>>,
}

/// Parses a way.
pub fn way(text: &str) -> Result<Way<'_>, Error> {
    parse_way(text, &tokens(text)?)
}

fn parse_way<'a>(text: &'a str, tokens: &[Token<'a>]) -> Result<Way<'a>, Error> {
    let (indirect, tokens) = match tokens {
        [star, rest @ ..] if star.text == "*" => (true, rest),
        all => (false, all),
    };
    let mut names: Vec<Spot<&str>> = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        match (i % 2, token.text) {
            (0, name) if is_name(name) => {
                match i.checked_sub(1).map(|before| tokens[before].text) {
                    Some(".") => {
                        if let Some((last, at)) = names.last_mut() {
                            at.end = token.at.end;
                            *last = &text[at.clone()];
                        }
                    }
                    _ => names.push((name, token.at.clone())),
                }
            }
            (1, "->") => {}
            // Not of an argument: that is a pointer, if it leads anywhere.
            (1, ".") if names.len() > 1 => {}
            _ => {
                return Err(Error::new(
                    token.at.clone(),
                    "names are joined by `->`, those of an embedded struct by `.`",
                ))
            }
        }
    }
    if tokens.len() % 2 == 0 {
        let end = tokens.last().map_or(text.len(), |t| t.at.end);
        return Err(Error::new(end..end, "a name is missing"));
    }
    let mut names = names.into_iter();
    let argument = names
        .next()
        .ok_or_else(|| Error::new(0..text.len(), "a name is missing"))?;
    Ok(Way {
        argument,
        indirect,
        members: names.collect(),
    })
}

/// A condition whose names are not looked up yet.
#[derive(Debug, PartialEq, Eq)]
pub enum Condition<'a> {
    Exists(Spot<&'a str>),
    IsDir(Spot<&'a str>),
    NotDir(Spot<&'a str>),
    Differ(Spot<&'a str>, Spot<&'a str>),
    Same(Spot<&'a str>, Spot<&'a str>),
    FlagSet(Way<'a>, Spot<&'a str>),
    FlagClear(Way<'a>, Spot<&'a str>),
    True(Spot<&'a str>),
    False(Spot<&'a str>),
    Returned(Returned),
}

/// Parses a condition.
pub fn condition(text: &str) -> Result<Condition<'_>, Error> {
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
        [RETURNED, "==", "0"] => Condition::Returned(Returned::Zero),
        [RETURNED, "!=", "0"] => Condition::Returned(Returned::NotZero),
        [RETURNED, "<", "0"] => Condition::Returned(Returned::Negative),
        [RETURNED, ">=", "0"] => Condition::Returned(Returned::NotNegative),
        [_, "!=", _] => Condition::Differ(name(0)?, name(2)?),
        [_, "==", _] => Condition::Same(name(0)?, name(2)?),
        [_] => Condition::True(name(0)?),
        ["!", _] => Condition::False(name(1)?),
        ["!", "(", .., "&", _, ")"] => {
            let end = tokens.len() - 3;
            Condition::FlagClear(parse_way(text, &tokens[2..end])?, name(end + 1)?)
        }
        [.., "&", _] => {
            let end = tokens.len() - 2;
            Condition::FlagSet(parse_way(text, &tokens[..end])?, name(end + 1)?)
        }
        _ => return Err(Error::new(0..text.len(), "this is no condition")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(text: &str) -> Vec<(String, ArgumentKind)> {
        (prototype(text).expect("a prototype").into_iter())
            .map(|a| (a.name, a.kind))
            .collect()
    }

    fn pointer(tag: &str) -> ArgumentKind {
        ArgumentKind::Pointer(tag.to_owned())
    }

    #[test]
    fn arguments_have_names_and_structs() {
        let dir = ("dir".to_owned(), pointer("inode"));
        let path = ("path".to_owned(), pointer("path"));
        let mode = ("mode".to_owned(), ArgumentKind::Other);
        assert_eq!(arguments("void (void)"), []);
        assert_eq!(arguments("int (umode_t mode)"), [mode]);
        assert_eq!(
            arguments("struct dentry *(struct inode *dir, const struct path *path)"),
            [dir, path]
        );
    }

    #[test]
    fn pointers_are_told_apart() {
        let folio = ArgumentKind::PointerToPointer("folio".to_owned());
        assert_eq!(
            arguments("int (struct folio **foliop, void **fsdata, char __user *data, bool rcu)"),
            [
                ("foliop".to_owned(), folio),
                ("fsdata".to_owned(), ArgumentKind::Other),
                ("data".to_owned(), ArgumentKind::Other),
                ("rcu".to_owned(), ArgumentKind::Bool),
            ]
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
        assert_eq!(at("int (int ret)"), 9..12);
        let at = |text| way(text).expect_err("no way").at;
        assert_eq!(at("a->"), 3..3);
        assert_eq!(at("a->b c"), 5..6);
        assert_eq!(at("a.b"), 1..2);
        assert_eq!(at("*"), 1..1);
        assert_eq!(condition("a & (").expect_err("no condition").at, 4..5);
    }

    #[test]
    fn ways_are_read_as_in_c() {
        let fl = way("fl->c.flc_file->f_inode").expect("a way");
        assert_eq!(fl.argument, ("fl", 0..2));
        assert_eq!(fl.members, [("c.flc_file", 4..14), ("f_inode", 16..23)]);
        assert!(!fl.indirect);
        let foliop = way("*foliop").expect("a way");
        assert!(foliop.indirect && foliop.members.is_empty());
    }

    #[test]
    fn conditions_are_read_as_in_c() {
        assert_eq!(condition("exists( a )"), Ok(Condition::Exists(("a", 8..9))));
        assert_eq!(condition("!is_dir(a)"), Ok(Condition::NotDir(("a", 8..9))));
        assert_eq!(
            condition("a!=b"),
            Ok(Condition::Differ(("a", 0..1), ("b", 3..4)))
        );
        let value = |text| way(text).expect("a way");
        assert_eq!(
            condition("a & B"),
            Ok(Condition::FlagSet(value("a"), ("B", 4..5)))
        );
        assert_eq!(
            condition("a->b & C"),
            Ok(Condition::FlagSet(value("a->b"), ("C", 7..8)))
        );
        let Ok(Condition::FlagClear(value, flag)) = condition("!(a->b & C)") else {
            panic!("it is one");
        };
        assert_eq!((value.members, flag), (vec![("b", 5..6)], ("C", 9..10)));
        assert_eq!(condition("!rcu"), Ok(Condition::False(("rcu", 1..4))));
        assert_eq!(
            condition("ret >= 0"),
            Ok(Condition::Returned(Returned::NotNegative))
        );
    }
}
