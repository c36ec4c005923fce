use lockspec::{document, report::Report};
fn main() {
    let mut failed = false;
    let quiet = std::env::args().any(|a| a == "-q");
    for name in std::env::args().skip(1).filter(|a| a != "-q") {
        let bytes = std::fs::read(&name).unwrap();
        let mut report = Report::default();
        match document::parse(&mut report, &name, &bytes) {
            None => { print!("{}", report.render()); failed = true; }
            Some(d) => for s in &d.sections {
                if quiet { eprintln!("{name} {}: {} prototypes, {} rows {:?}, {} sentences", s.title, s.prototypes.len(), s.rows.len(), s.columns, s.sentences.len()); }
                for p in &s.prototypes { println!("P\t{}\t{}\t{}\t{:?}\t{}", s.title, p.op, p.text, p.comment, p.line); }
                for r in &s.rows { println!("R\t{}\t{}\t{}\t{}", s.title, r.op, s.columns.iter().zip(&r.cells).map(|(c, x)| format!("{c}={}", if x.is_empty() {"(blank)"} else {x})).collect::<Vec<_>>().join(" | "), r.line); }
                for x in &s.sentences { println!("S\t{}\t{}\t{}\t{}", s.title, x.digest, x.line, x.text); }
            }
        }
    }
    std::process::exit(failed as i32);
}
