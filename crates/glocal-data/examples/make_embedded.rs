//! Makes the embedded subset of Fashion-MNIST from the full set:
//!
//! ```text
//! cargo run --release -p glocal-data --example make_embedded -- crates/glocal-data/embedded
//! ```
//!
//! The full set is looked for where Glocal always looks, and its hashes are checked first.

use std::{env, error::Error, fs, path::Path};

use flate2::{Compression, GzBuilder};
use glocal_data::{ImageDataset, Locations, Split, embedded, idx, load, registry::Part};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args_os().nth(1).ok_or("give the folder to write to")?;
    let found = Locations::of_this_machine(None).find(embedded::origin()?)?;
    found.verify()?;
    for split in [Split::Train, Split::Test] {
        let subset = embedded::draw_from(&load(&found, split)?, split)?;
        println!("{split}: {subset}");
        for part in [Part::Images, Part::Labels] {
            let name = format!("{}.gz", found.known.file(split, part).name);
            write_gzip(&array_of(&subset, part)?, &Path::new(&folder).join(name))?;
        }
    }
    Ok(())
}

fn array_of(set: &ImageDataset, part: Part) -> Result<idx::IdxArray, Box<dyn Error>> {
    let shape = [set.len(), set.height(), set.width()].map(u32::try_from);
    let shape = shape.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(match part {
        Part::Images => idx::IdxArray { shape, data: set.pixels().to_vec() },
        Part::Labels => idx::IdxArray { shape: shape[..1].to_vec(), data: set.labels().to_vec() },
    })
}

/// Without name and time in the header, so that the same content gives the same file.
fn write_gzip(array: &idx::IdxArray, path: &Path) -> Result<(), Box<dyn Error>> {
    let mut packed = GzBuilder::new().write(Vec::new(), Compression::best());
    idx::write(array, &mut packed, path)?;
    fs::write(path, packed.finish()?)?;
    println!("  {}: {} bytes", path.display(), fs::metadata(path)?.len());
    Ok(())
}
