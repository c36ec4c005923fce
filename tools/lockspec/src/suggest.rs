// SPDX-License-Identifier: GPL-2.0

//! What was probably meant by a wrong name.

/// Says which names there are, the one first that was probably meant.
pub fn one_of(wrong: &str, names: &[&str]) -> String {
    let list = || {
        (names.iter().map(|n| format!("`{n}`")))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let near = names.iter().map(|n| (distance(wrong, n), n)).min();
    match near {
        None => "there is nothing that could stand here".to_owned(),
        Some((d, name)) if d <= 2.max(wrong.len() / 3) => format!("did you mean `{name}`?"),
        Some(_) => format!("use one of {}", list()),
    }
}

/// How many letters must be changed, added or dropped to make `b` of `a`.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_letters() {
        assert_eq!(distance("", ""), 0);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
        assert_eq!(distance("unlink", "unlnk"), 1);
        assert_eq!(distance("rename", "renmae"), 2);
    }

    #[test]
    fn only_near_names_are_suggested() {
        assert_eq!(
            one_of("unlnk", &["link", "unlink"]),
            "did you mean `unlink`?"
        );
        assert_eq!(
            one_of("whirl", &["link", "unlink"]),
            "use one of `link`, `unlink`"
        );
        assert_eq!(one_of("dir", &[]), "there is nothing that could stand here");
    }
}
