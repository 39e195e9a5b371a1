//! The logarithm of the light on a sensor before which an image moves.

use super::DvsConfig;

/// An image before a sensor.
pub(super) struct Scene {
    /// Logarithms of the image's light, with a frame of dark pixels.
    logs: Vec<f32>,
    /// Rows and columns of `logs`.
    size: [usize; 2],
    sensor: [usize; 2],
    scale: f64,
    line: Vec<f32>,
    light: Vec<f32>,
    columns: Vec<Place>,
}

/// A place between two rows or columns of `logs`.
#[derive(Clone, Copy)]
struct Place {
    first: usize,
    share_of_second: f32,
}

/// Width of the dark frame: what lies beyond is as dark.
const FRAME: usize = 1;

impl Scene {
    /// `image` is of `size` `[height, width]`.
    pub(super) fn new(image: &[f32], [height, width]: [usize; 2], config: &DvsConfig) -> Self {
        let size = [height + 2 * FRAME, width + 2 * FRAME];
        let log = |x: f32| libm::log(f64::from(x) + config.dark) as f32;
        let mut logs = vec![log(0.0); size[0] * size[1]];
        for (row, line) in image.chunks_exact(width).enumerate() {
            let start = (row + FRAME) * size[1] + FRAME;
            logs[start..start + width].iter_mut().zip(line).for_each(|(to, &x)| *to = log(x));
        }
        let sensor = [usize::from(config.sensor.height), usize::from(config.sensor.width)];
        let (line, light) = (vec![0.0; size[1]], vec![0.0; sensor[0] * sensor[1]]);
        Scene { logs, size, sensor, scale: config.scale, line, light, columns: Vec::new() }
    }

    /// The logarithm of the light at each pixel of the sensor, with the image's centre at `[right, down]` of its own.
    pub(super) fn log_light(&mut self, [right, down]: [f64; 2]) -> &[f32] {
        let mut columns = std::mem::take(&mut self.columns);
        columns.clear();
        columns.extend((0..self.sensor[1]).map(|at| self.place(1, at, right)));
        self.columns = columns;
        for row in 0..self.sensor[0] {
            let place = self.place(0, row, down);
            self.fill_row(row, place);
        }
        &self.light
    }

    /// Where pixel `at` of the sensor lies in the image, along an axis.
    fn place(&self, axis: usize, at: usize, offset: f64) -> Place {
        let centre = |size: usize| (size as f64 - 1.0) / 2.0;
        let from_centre = (at as f64 - centre(self.sensor[axis]) - offset) / self.scale;
        let most = (self.size[axis] - 1) as f64;
        let place = (centre(self.size[axis]) + from_centre).clamp(0.0, most);
        let first = (place as usize).min(self.size[axis] - 2);
        Place { first, share_of_second: (place - first as f64) as f32 }
    }

    /// Between two rows of the image first, then between columns: the equation of bilinear interpolation, in the order
    /// that does most of the work on whole rows.
    fn fill_row(&mut self, row: usize, Place { first, share_of_second: share }: Place) {
        let width = self.size[1];
        let (upper, lower) = self.logs[first * width..(first + 2) * width].split_at(width);
        for ((value, &upper), &lower) in self.line.iter_mut().zip(upper).zip(lower) {
            *value = upper + share * (lower - upper);
        }
        let sensor_width = self.sensor[1];
        let light = &mut self.light[row * sensor_width..(row + 1) * sensor_width];
        for (value, place) in light.iter_mut().zip(&self.columns) {
            let (left, right) = (self.line[place.first], self.line[place.first + 1]);
            *value = left + place.share_of_second * (right - left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SensorSize;

    fn near(found: &[f32], light: &[f64]) {
        let near = |(a, b): (&f32, &f64)| (f64::from(*a) - libm::log(*b)).abs() < 1e-6;
        assert!(found.len() == light.len() && found.iter().zip(light).all(near), "{found:?} is not ln {light:?}");
    }

    /// By hand: 1 x 2 pixels on 1 x 4, in the middle, half a pixel to the right, and far away.
    #[test]
    fn an_image_moves_over_the_sensor() {
        let config = DvsConfig { dark: 0.5, ..DvsConfig::new(SensorSize { width: 4, height: 1 }) };
        let mut scene = Scene::new(&[0.5, 1.0], [1, 2], &config);
        near(scene.log_light([0.0, 0.0]), &[0.5, 1.0, 1.5, 0.5]);
        let between = |a: f64, b: f64| (a * b).sqrt();
        near(scene.log_light([0.5, 0.0]), &[0.5, between(0.5, 1.0), between(1.0, 1.5), between(1.5, 0.5)]);
        near(scene.log_light([0.0, -0.5]), &[0.5, between(0.5, 1.0), between(0.5, 1.5), 0.5]);
        near(scene.log_light([1000.0, -1000.0]), &[0.5; 4]);
    }

    /// By hand: enlarged twice, pixel centres of the sensor lie a quarter of a pixel beside those of the image.
    #[test]
    fn an_image_is_enlarged() {
        let config = DvsConfig { dark: 1.0, scale: 2.0, ..DvsConfig::new(SensorSize { width: 4, height: 1 }) };
        let mut scene = Scene::new(&[0.0, 1.0], [1, 2], &config);
        let raised = |share: f64| libm::exp(share * libm::log(2.0));
        near(scene.log_light([0.0, 0.0]), &[1.0, raised(0.25), raised(0.75), raised(0.75)]);
    }
}
