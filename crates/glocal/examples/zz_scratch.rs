//! scratch
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let n: usize = a[2].parse().unwrap();
    rayon::ThreadPoolBuilder::new().num_threads(a[3].parse().unwrap()).build_global().unwrap();
    println!("{} {:?}", a[1], glocal::bench::scratch(&a[1], n));
}
