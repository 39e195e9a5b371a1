//! How many events per second one core reads from memory: `cargo run --release --example event_reading`.

fn main() -> Result<(), glocal_data::DataError> {
    println!("{:#?}", glocal::bench::event_reading(2.0)?);
    Ok(())
}
