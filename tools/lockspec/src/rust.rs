// SPDX-License-Identifier: GPL-2.0

//! Values in Rust, laid out as rustfmt does.

/// A value in the source of a program.
pub enum Value {
    Plain(String),
    Array(Vec<Value>),
    Struct(&'static str, Vec<(&'static str, Value)>),
    Call(&'static str, Vec<Value>),
}

/// rustfmt's widths, by default, of a line and of what may stand on one line.
pub const LINE: usize = 100;
pub const STRUCT: usize = 18;
const ARRAY: usize = 60;
const CALL: usize = 60;

impl Value {
    /// A number or a path.
    pub fn plain(value: impl std::fmt::Display) -> Self {
        Self::Plain(value.to_string())
    }

    /// A string.
    pub fn string(value: impl std::fmt::Display) -> Self {
        Self::Plain(format!("{:?}", value.to_string()))
    }

    /// Writes the value out: the lines that follow are indented by `indent` columns, the first
    /// starts in column `column`.
    pub fn print(&self, indent: usize, column: usize) -> String {
        if let Some(flat) = self.flat().filter(|flat| column + flat.len() < LINE) {
            return flat;
        }
        let inner = indent + 4;
        let pad = " ".repeat(inner);
        let mut out = String::new();
        let close = match self {
            Self::Plain(text) => return text.clone(),
            Self::Array(items) => {
                out.push_str("&[\n");
                for item in items {
                    out += &format!("{pad}{},\n", item.print(inner, inner));
                }
                "]"
            }
            Self::Struct(name, fields) => {
                out += &format!("{name} {{\n");
                for (field, value) in fields {
                    let start = inner + field.len() + 2;
                    let value = value.print(inner, start);
                    let fits = start + value.lines().next().map_or(0, str::len) < LINE;
                    let gap = match fits {
                        true => " ".to_owned(),
                        false => format!("\n{pad}    "),
                    };
                    out += &format!("{pad}{field}:{gap}{value},\n");
                }
                "}"
            }
            // A single argument hugs the parentheses, and is what gives way.
            Self::Call(name, arguments) => match &arguments[..] {
                [one] => {
                    let one = match one {
                        Self::Call(inner, arguments) if arguments.len() > 1 => {
                            below(inner, arguments, indent)
                        }
                        _ => one.print(indent, column + name.len() + 1),
                    };
                    return format!("{name}({one})");
                }
                _ => return below(name, arguments, indent),
            },
        };
        out + &" ".repeat(indent) + close
    }

    /// Returns the value on one line, if that is how it is laid out where there is room.
    fn flat(&self) -> Option<String> {
        let join = |items: &[Value]| {
            let items: Option<Vec<String>> = items.iter().map(Self::flat).collect();
            items.map(|items| items.join(", "))
        };
        match self {
            Self::Plain(text) => Some(text.clone()),
            Self::Array(items) => {
                let inner = join(items)?;
                (inner.len() <= ARRAY).then(|| format!("&[{inner}]"))
            }
            Self::Struct(name, fields) => {
                let fields: Option<Vec<String>> = (fields.iter())
                    .map(|(field, value)| value.flat().map(|value| format!("{field}: {value}")))
                    .collect();
                let inner = fields?.join(", ");
                (inner.len() <= STRUCT).then(|| format!("{name} {{ {inner} }}"))
            }
            Self::Call(name, arguments) => {
                let inner = join(arguments)?;
                (inner.len() <= CALL).then(|| format!("{name}({inner})"))
            }
        }
    }
}

/// Writes a call with each argument on a line. Those of a macro keep what follows the last.
fn below(name: &str, arguments: &[Value], indent: usize) -> String {
    let pad = " ".repeat(indent + 4);
    let lines: Vec<String> = (arguments.iter())
        .map(|a| format!("{pad}{}", a.print(indent + 4, indent + 4)))
        .collect();
    let last = if name.ends_with('!') { "" } else { "," };
    let close = " ".repeat(indent);
    format!("{name}(\n{}{last}\n{close})", lines.join(",\n"))
}
