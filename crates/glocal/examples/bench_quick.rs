//! scratch
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let s: f64 = a.get(1).and_then(|s| s.parse().ok()).unwrap_or(1.0);
    if let (Some(n), Some(which)) = (a.get(1).and_then(|s| s.strip_prefix('n')), a.get(2)) {
        glocal::bench::steps(which, n.parse().unwrap());
        return;
    }
    if let Some(which) = a.get(2) {
        println!("{}", glocal::bench::one(which, s));
        return;
    }
    println!("{}", serde_json::to_string_pretty(&glocal::bench::run(s).unwrap()).unwrap());
}
