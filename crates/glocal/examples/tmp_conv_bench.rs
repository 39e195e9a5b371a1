//! tmp
fn main() {
    println!("{:?}", glocal::bench::conv_only(std::env::args().nth(1).map_or(4.0, |a| a.parse().unwrap())));
}
