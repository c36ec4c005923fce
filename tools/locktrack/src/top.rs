// SPDX-License-Identifier: GPL-2.0

//! What happens at the moment.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use comfy_table::{Cell, CellAlignment};
use crossterm::event::{self, Event, KeyCode, KeyModifiers};
use crossterm::{cursor, execute, queue, terminal};

use crate::directory::Directory;
use crate::report::Report;
use crate::table::{new_table, put};
use crate::wording::by_exceptions;

/// How often it looks whether somebody wants it to end.
const PATIENCE: Duration = Duration::from_millis(100);

/// Shows what happens every `interval`, `count` times or until somebody ends it.
pub fn top(directory: &Directory, interval: Duration, count: Option<u64>) -> Result<()> {
    let end = Arc::new(AtomicBool::new(false));
    for signal in [
        signal_hook::consts::SIGINT,
        signal_hook::consts::SIGTERM,
        signal_hook::consts::SIGHUP,
    ] {
        signal_hook::flag::register(signal, end.clone()).context("cannot set up signals")?;
    }
    let screen = match io::stdout().is_terminal() && io::stdin().is_terminal() {
        true => Some(Screen::enter()?),
        false => None,
    };
    let mut before = Report::read(directory)?;
    let mut since = Instant::now();
    let mut shown = 0;
    while count != Some(shown) {
        if ended(&end, screen.is_some(), interval)? {
            break;
        }
        let now = Report::read(directory)?;
        let text = frame(&before, &now, since.elapsed(), screen.is_some());
        match &screen {
            Some(screen) => screen.show(&text)?,
            None => match io::stdout().write_all(format!("{text}\n").as_bytes()) {
                // Who read it has had enough.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => break,
                result => result.context("cannot write")?,
            },
        }
        shown += 1;
        before = now;
        since = Instant::now();
    }
    Ok(())
}

/// Waits for an interval. Returns whether it is to end.
fn ended(end: &AtomicBool, keys: bool, interval: Duration) -> Result<bool> {
    let start = Instant::now();
    loop {
        if end.load(Ordering::Relaxed) {
            return Ok(true);
        }
        let left = interval.saturating_sub(start.elapsed());
        if left.is_zero() {
            return Ok(false);
        }
        let wait = left.min(PATIENCE);
        if !keys {
            std::thread::sleep(wait);
        } else if event::poll(wait).context("cannot read keys")? {
            if let Event::Key(key) = event::read().context("cannot read keys")? {
                let interrupt = key.modifiers.contains(KeyModifiers::CONTROL)
                    && matches!(key.code, KeyCode::Char('c' | 'd'));
                if interrupt || matches!(key.code, KeyCode::Char('q') | KeyCode::Esc) {
                    return Ok(true);
                }
            }
        }
    }
}

/// Writes what came between two times, the busiest callbacks first.
pub fn frame(before: &Report, now: &Report, elapsed: Duration, colours: bool) -> String {
    let new = now.clone().since(before);
    let seconds = elapsed.as_secs_f64().max(0.001);
    let names: Vec<&str> = now.attached.iter().map(|fs| &fs.name[..]).collect();
    let mut out = format!(
        "Linux {}, rules of {}; attached: {}\n",
        now.kernel,
        now.edition,
        match names[..] {
            [] => "nothing".to_owned(),
            _ => names.join(", "),
        }
    );
    let _ = writeln!(
        out,
        "violations: {} ({} new), {}; hits lost: {}\n",
        now.violations(),
        new.violations(),
        by_exceptions(now.excepted()),
        now.hits_lost()
    );
    // Of the rules of a callback, the one that was looked at most often says how often it was called.
    let mut calls: BTreeMap<(&str, &str), [u64; 3]> = BTreeMap::new();
    for (row, all) in new.coverage.iter().zip(&now.coverage) {
        let of = calls.entry((&row.fs, &row.rule.callback)).or_default();
        *of = [
            of[0].max(row.hits),
            of[1].max(all.hits),
            of[2].saturating_add(all.violation),
        ];
    }
    let mut calls: Vec<_> = calls
        .into_iter()
        .filter(|(_, [_, all, _])| *all > 0)
        .collect();
    calls.sort_by_key(|(_, [new, all, _])| std::cmp::Reverse((*new, *all)));
    let mut table = new_table(
        &["filesystem", "callback", "calls/s", "calls", "violations"],
        colours,
    );
    for ((fs, callback), [new, all, violations]) in calls {
        let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
        table.add_row([
            Cell::new(fs),
            Cell::new(callback),
            right(format!("{:.1}", new as f64 / seconds)),
            right(all.to_string()),
            right(violations.to_string()),
        ]);
    }
    put(&mut out, &table);
    out
}

/// A screen of its own, which gives the terminal back as it was.
struct Screen;

impl Screen {
    fn enter() -> Result<Self> {
        terminal::enable_raw_mode().context("cannot use the terminal")?;
        // From here on it is undone also if the rest fails.
        let screen = Self;
        execute!(io::stdout(), terminal::EnterAlternateScreen, cursor::Hide)
            .context("cannot use the terminal")?;
        Ok(screen)
    }

    /// Shows as much of a text as there is room for.
    fn show(&self, text: &str) -> Result<()> {
        let (_, rows) = terminal::size().context("cannot use the terminal")?;
        let mut out = io::stdout().lock();
        queue!(out, cursor::MoveTo(0, 0), terminal::DisableLineWrap)?;
        let room = usize::from(rows).saturating_sub(1);
        for line in text.lines().take(room) {
            queue!(out, terminal::Clear(terminal::ClearType::CurrentLine))?;
            write!(out, "{line}\r\n")?;
        }
        queue!(out, terminal::Clear(terminal::ClearType::FromCursorDown))?;
        write!(out, "q ends it")?;
        out.flush().context("cannot write")
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // There is nobody to tell.
        let _ = execute!(
            io::stdout(),
            terminal::EnableLineWrap,
            cursor::Show,
            terminal::LeaveAlternateScreen
        );
        let _ = terminal::disable_raw_mode();
    }
}
