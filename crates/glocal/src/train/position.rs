//! Where a run stands: what a checkpoint carries beside the learner, to the bit.

use std::collections::BTreeMap;

use glocal_core::StepReport;

/// Version of the checkpoint's metadata.
const FORMAT: &str = "glocal-run-1";

/// How far a run is, and the running sums of the epoch under way.
///
/// It holds no clock reading: two runs that did the same work have equal positions.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Position {
    /// Epoch under way, from 0; the number of epochs when all are done.
    pub epoch: u64,
    /// Batches of that epoch that are done.
    pub batch: u64,
    /// Σ over the epoch's samples of their batch's mean loss.
    pub loss_sum: f64,
    /// Samples of the epoch classified rightly.
    pub correct: u64,
    /// Samples of the epoch seen.
    pub seen: u64,
    /// Best epoch by validation so far, with its accuracy.
    pub best: Option<Best>,
}

/// An epoch and its validation accuracy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Best {
    /// From 0.
    pub epoch: u64,
    /// Share of the validation samples, 0..=1.
    pub accuracy: f64,
}

impl Position {
    /// One more batch is done, in which the network was asked about so many samples.
    pub fn count(&mut self, report: &StepReport, asked: usize) {
        self.batch += 1;
        self.loss_sum += report.loss * asked as f64;
        self.correct += report.correct as u64;
        self.seen += asked as u64;
    }

    /// The next epoch's beginning.
    pub fn next_epoch(&self) -> Position {
        Position { epoch: self.epoch + 1, best: self.best, ..Position::default() }
    }

    /// Mean loss over the samples seen in this epoch.
    pub fn mean_loss(&self) -> f64 {
        self.loss_sum / self.seen.max(1) as f64
    }

    /// Share of the samples seen in this epoch that were classified rightly.
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.seen.max(1) as f64
    }

    /// As metadata of a checkpoint of the run whose config hashes to `config_hash`; sums are written as bits.
    pub fn to_metadata(&self, config_hash: &str) -> BTreeMap<String, String> {
        let mut entries = vec![
            ("format", FORMAT.to_owned()),
            ("config_hash", config_hash.to_owned()),
            ("epoch", self.epoch.to_string()),
            ("batch", self.batch.to_string()),
            ("loss_sum_bits", bits(self.loss_sum)),
            ("correct", self.correct.to_string()),
            ("seen", self.seen.to_string()),
        ];
        if let Some(best) = self.best {
            entries.extend([("best_epoch", best.epoch.to_string()), ("best_accuracy_bits", bits(best.accuracy))]);
        }
        entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// Reads what [`Position::to_metadata`] wrote.
    ///
    /// # Errors
    /// What is missing, damaged or another run's, in words.
    pub fn from_metadata(metadata: &BTreeMap<String, String>, config_hash: &str) -> Result<Position, String> {
        let entry = |key: &str| metadata.get(key).ok_or_else(|| format!("its metadata has no `{key}`"));
        let count = |key: &str| entry(key)?.parse::<u64>().map_err(|_| format!("its `{key}` is no number"));
        let float = |key: &str| from_bits(entry(key)?).ok_or_else(|| format!("its `{key}` is no number"));
        if entry("format")? != FORMAT {
            return Err(format!("its format is `{}`, this program reads `{FORMAT}`", entry("format")?));
        }
        if entry("config_hash")? != config_hash {
            return Err("it was written by a run with another config".into());
        }
        let best = match metadata.contains_key("best_epoch") {
            true => Some(Best { epoch: count("best_epoch")?, accuracy: float("best_accuracy_bits")? }),
            false => None,
        };
        Ok(Position {
            epoch: count("epoch")?,
            batch: count("batch")?,
            loss_sum: float("loss_sum_bits")?,
            correct: count("correct")?,
            seen: count("seen")?,
            best,
        })
    }
}

fn bits(value: f64) -> String {
    format!("{:016x}", value.to_bits())
}

fn from_bits(text: &str) -> Option<f64> {
    u64::from_str_radix(text, 16).ok().map(f64::from_bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_survives_its_metadata_to_the_bit() {
        let best = Some(Best { epoch: 2, accuracy: 0.1 + 0.2 });
        let position = Position { epoch: 3, batch: 7, loss_sum: 1.0 / 3.0, correct: 5, seen: 9, best };
        let metadata = position.to_metadata("abc");
        assert_eq!(Position::from_metadata(&metadata, "abc"), Ok(position));
        assert!(Position::from_metadata(&metadata, "abd").unwrap_err().contains("another config"));
    }

    #[test]
    fn a_missing_or_damaged_entry_is_named() {
        let mut metadata = Position::default().to_metadata("abc");
        metadata.insert("seen".into(), "many".into());
        assert_eq!(Position::from_metadata(&metadata, "abc").unwrap_err(), "its `seen` is no number");
        metadata.remove("seen");
        assert_eq!(Position::from_metadata(&metadata, "abc").unwrap_err(), "its metadata has no `seen`");
    }
}
