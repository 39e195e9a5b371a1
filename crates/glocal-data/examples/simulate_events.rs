//! Records Fashion-MNIST with the simulated event camera, measures the time, and draws what it saw:
//!
//! ```text
//! cargo run --release -p glocal-data --example simulate_events -- events.png
//! ```
//!
//! Each row of the picture is one image: itself, then the events of each third of the recording, on events orange and
//! off events blue, the brighter the more.

use std::{env, error::Error, fs::File, io::BufWriter, path::Path, time::Instant};

use glocal_data::events::{FrameCut, FrameValue, Framing};
use glocal_data::{DvsConfig, ImageDataset, Recording, SensorSize, Split, Stream, dvs, embedded};

const SENSOR: SensorSize = SensorSize { width: 34, height: 34 };
/// Images measured, and images drawn.
const MEASURED: usize = 1000;
const DRAWN: u32 = 6;
/// Pixels of the picture for each of the sensor, and between the fields.
const SCALE: usize = 5;
const GAP: usize = 6;
const LEGS: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args_os().nth(1).ok_or("give the PNG file to write")?;
    let images = embedded::fashion_mnist(Split::Test)?;
    let (config, stream) = (DvsConfig::new(SENSOR), Stream::new(0));
    measure(&images, &config, &stream)?;
    let mut picture = Picture::new(DRAWN as usize, 1 + LEGS);
    for number in 0..DRAWN {
        let recording = dvs::simulate(&images, number, &config, &stream)?;
        picture.image(number as usize, &images.grey(number)?, [images.height(), images.width()]);
        picture.legs(number as usize, &recording)?;
    }
    picture.write(Path::new(&path))
}

fn measure(images: &ImageDataset, config: &DvsConfig, stream: &Stream) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let mut events = 0;
    for recording in dvs::simulate_all(images, config, stream)?.take(MEASURED) {
        events += recording?.events.len();
    }
    let ms = start.elapsed().as_secs_f64() * 1e3 / MEASURED as f64;
    println!("{ms:.3} ms and {} events a recording, one thread, mean of {MEASURED}", events / MEASURED);
    Ok(())
}

struct Picture {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
}

impl Picture {
    fn new(rows: usize, columns: usize) -> Self {
        let size = |fields: usize, side: u16| GAP + fields * (usize::from(side) * SCALE + GAP);
        let (width, height) = (size(columns, SENSOR.width), size(rows, SENSOR.height));
        Picture { width, height, rgb: vec![255; 3 * width * height] }
    }

    /// Fills one pixel of the sensor in the field of this row and column.
    fn fill(&mut self, [row, column]: [usize; 2], [y, x]: [usize; 2], colour: [u8; 3]) {
        let (side_y, side_x) = (usize::from(SENSOR.height) * SCALE + GAP, usize::from(SENSOR.width) * SCALE + GAP);
        let (top, left) = (GAP + row * side_y + y * SCALE, GAP + column * side_x + x * SCALE);
        for line in top..top + SCALE {
            let start = 3 * (line * self.width + left);
            self.rgb[start..start + 3 * SCALE].chunks_exact_mut(3).for_each(|pixel| pixel.copy_from_slice(&colour));
        }
    }

    fn image(&mut self, row: usize, grey: &[f32], [height, width]: [usize; 2]) {
        let (top, left) = ((usize::from(SENSOR.height) - height) / 2, (usize::from(SENSOR.width) - width) / 2);
        for at in 0..SENSOR.pixels() {
            let [y, x] = [at / usize::from(SENSOR.width), at % usize::from(SENSOR.width)];
            let inside = y.checked_sub(top).zip(x.checked_sub(left)).filter(|&(y, x)| y < height && x < width);
            let level = inside.map_or(0, |(y, x)| (255.0 * grey[y * width + x]) as u8);
            self.fill([row, 0], [y, x], [level; 3]);
        }
    }

    fn legs(&mut self, row: usize, recording: &Recording) -> Result<(), Box<dyn Error>> {
        let framing = Framing { cut: FrameCut::Time { frames: LEGS }, value: FrameValue::Clipped { most: 6 } };
        let frames = framing.apply(recording)?;
        for (leg, frame) in frames.values.chunks(2 * SENSOR.pixels()).enumerate() {
            let (off, on) = frame.split_at(SENSOR.pixels());
            for (at, (&off, &on)) in off.iter().zip(on).enumerate() {
                // Orange and blue of Okabe and Ito's palette for all kinds of colour vision.
                let mix = |on_part: f32, off_part: f32| (16.0 + (on * on_part + off * off_part) / 6.0).min(255.0) as u8;
                let colour = [mix(230.0, 0.0), mix(159.0, 114.0), mix(0.0, 239.0)];
                let place = [at / usize::from(SENSOR.width), at % usize::from(SENSOR.width)];
                self.fill([row, 1 + leg], place, colour);
            }
        }
        Ok(())
    }

    fn write(&self, path: &Path) -> Result<(), Box<dyn Error>> {
        let (width, height) = (u32::try_from(self.width)?, u32::try_from(self.height)?);
        let mut encoder = png::Encoder::new(BufWriter::new(File::create(path)?), width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.write_header()?.write_image_data(&self.rgb)?;
        println!("{}", path.display());
        Ok(())
    }
}
