//! lamplighter
fn main() {
    server::start_logging(None);
    let r = server::demo(&server::DemoOptions { speed: 60, data: Some("/tmp/demo1".into()), listen: None, seed: None });
    if let Err(p) = r { eprintln!("{p}"); std::process::exit(3) }
}
