//! The training keys: a TOML file, every key also an option of the command line.
//!
//! The defaults are the paper's recipe, so an empty file trains the paper's network as the paper
//! did. The resolved configuration is written to `config.toml` of the run's folder.

mod choices;

pub use choices::{ClassWeights, Contested, Monitor, OptimizerKind, Schedule};

use crate::dataset::Split;
use anyhow::{Context, Result, bail, ensure};
use nodulens::constants;
use nodulens::model::NetworkKind;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// Name of the resolved configuration in a run's folder.
pub const FILE: &str = "config.toml";

/// What a number may be, and how to say it after "must be".
type Range = (fn(f64) -> bool, &'static str);

const AT_LEAST_1: Range = (|value| value >= 1.0, "at least 1");
const ABOVE_0: Range = (|value| value > 0.0 && value.is_finite(), "above 0");
const AT_LEAST_0: Range = (|value| value >= 0.0 && value.is_finite(), "at least 0");
const BELOW_1: Range = (|value| (0.0..1.0).contains(&value), "at least 0 and below 1");
const UP_TO_1: Range = (|value| (0.0..=1.0).contains(&value), "between 0 and 1");

/// Make the configuration ([`TrainConfig`]), its defaults, its checks and the options of the command
/// line ([`Overrides`]) from one table: help, name, type and default of each key; `in` the range of
/// a number; `as` what clap has to know beyond the type.
macro_rules! training_keys {
    ($(
        $(#[doc = $help:literal])+
        $key:ident: $type:ty = $default:expr $(, in $range:ident)? $(, as [$($option:tt)+])?;
    )+) => {
        /// Everything that makes a run what it is. A key that is absent has the paper's value.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct TrainConfig {
            $($(#[doc = $help])+ pub $key: $type,)+
        }

        impl Default for TrainConfig {
            fn default() -> Self {
                Self { $($key: $default,)+ }
            }
        }

        impl TrainConfig {
            /// The names of the keys, in the order of the file.
            pub const KEYS: &[&str] = &[$(stringify!($key)),+];

            fn check_ranges(&self) -> Result<()> {
                $($(
                    let (holds, words) = $range;
                    let name = || stringify!($key).replace('_', "-");
                    ensure!(holds(self.$key as f64), "--{} must be {words}", name());
                )?)+
                Ok(())
            }
        }

        /// The keys of [`TrainConfig`] as options; one that is given overrides the file.
        #[derive(Clone, Debug, Default, clap::Args, Serialize)]
        pub struct Overrides {
            $(
                $(#[doc = $help])+
                #[arg(long $(, $($option)+)?)]
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $key: Option<$type>,
            )+
        }
    };
}

training_keys! {
    /// Which network: compact, paper, wide or small.
    network: NetworkKind = NetworkKind::Paper, as [value_parser = network];
    /// Folder with manifest.csv and crops50/.
    patches: PathBuf = PathBuf::new();
    /// What the patches are, as TOML for the card; without it the folder's dataset.json.
    data_card: PathBuf = PathBuf::new();
    /// How the data is divided: paper, patientwise or luna16-fold-K.
    split: Split = Split::Patientwise;
    /// Seed of every random number.
    seed: u64 = 1;
    /// Weights to begin with: a weights file, or the folder of a run or checkpoint.
    ///
    /// Of the same network. Without it weights are drawn.
    init: PathBuf = PathBuf::new();
    /// Passes over the training part.
    epochs: usize = constants::EPOCHS, in AT_LEAST_1;
    /// Patches in a step (batch size).
    batch_size: usize = constants::BATCH_SIZE, in AT_LEAST_1;
    /// Parts in which a step's patches are computed, for less memory (gradient accumulation).
    ///
    /// Without batch normalisation a step stays the same but for rounding and dropout; with it, a
    /// part is normalised by its own statistics.
    accumulate: usize = 1, in AT_LEAST_1;
    /// Rule of the steps (optimizer).
    optimizer: OptimizerKind = OptimizerKind::Adam, as [value_enum];
    /// Step size; the highest of the schedule.
    learning_rate: f64 = constants::LEARNING_RATE, in ABOVE_0;
    /// How the step size moves.
    schedule: Schedule = Schedule::Constant, as [value_enum];
    /// Share of the steps in which the step size rises.
    warmup: f64 = 0.0, in BELOW_1;
    /// Pull of kernels and dense weights towards 0.
    weight_decay: f64 = 0.0, in AT_LEAST_0;
    /// Weight decay pulls on gains, biases and offsets too: true or false.
    ///
    /// As it did for the weights that ship.
    decay_gains: bool = false;
    /// Largest norm of one tensor's gradient; 0 for no limit.
    gradient_clip: f64 = 0.0, in AT_LEAST_0;
    /// Share of a label given to the other class.
    label_smoothing: f64 = 0.0, in BELOW_1;
    /// What becomes of contested negatives in training: keep, drop or soften.
    ///
    /// Those within 5 mm of a finding that LUNA16 excludes, by the column contested of manifest.csv
    /// or readers.csv. Softened, their target is the share of four readers who outlined a nodule
    /// there.
    contested: Contested = Contested::Keep, as [value_enum];
    /// Weight of contested negatives in the loss.
    contested_weight: f64 = 1.0, in AT_LEAST_0;
    /// Weights of the classes in the loss.
    class_weights: ClassWeights = ClassWeights::None, as [value_enum];
    /// Share of nodules that sampling brings an epoch to (oversampling); 0 takes each patch once.
    positive_fraction: f64 = constants::POSITIVE_FRACTION, in BELOW_1;
    /// Share of hidden units dropped in training.
    dropout: f64 = constants::DROPOUT, in BELOW_1;
    /// Decay a step of the moving average of the weights (EMA); 0 for none.
    ///
    /// With it, the average is what is validated and exported.
    ema_decay: f64 = 0.0, in BELOW_1;
    /// Batches of unaltered patches that batch normalisation is measured on; 0 for none.
    ///
    /// Before validation and in what is exported, instead of the running statistics, which come from
    /// altered patches.
    norm_batches: usize = 0;
    /// Largest shift in pixels, along each axis.
    augment_shift_px: f32 = constants::AUGMENT_SHIFT_PX, in AT_LEAST_0;
    /// Share of patches turned by quarters only.
    ///
    /// Quarter turns keep every grey value; the others are turned by any angle.
    augment_quarter_turns: f64 = constants::AUGMENT_QUARTER_TURNS, in UP_TO_1;
    /// Zoom by a factor between exp(-x) and exp(x).
    augment_scale: f32 = 0.0, in UP_TO_1;
    /// Contrast by a factor between 1 - x and 1 + x.
    augment_contrast: f32 = 0.0, in UP_TO_1;
    /// Brightness by a summand between -x and x.
    ///
    /// Grey values span a range of 1.
    augment_brightness: f32 = 0.0, in UP_TO_1;
    /// Shift of nodules besides, in shares of their radius.
    ///
    /// Along each axis, because a candidate may lie anywhere in a nodule. Needs diameter_mm and
    /// pixel_spacing_mm in the manifest.
    augment_nodule_shift: f32 = 0.0, in AT_LEAST_0;
    /// Share of nodules that are hollowed out.
    ///
    /// Where they stand alone and are thick enough: cavitary nodules are rare in the data.
    augment_cavities: f64 = 0.0, in UP_TO_1;
    /// Share of patches into which another one is blended (mixup).
    ///
    /// Another of the same step, by up to a half; the teachers then answer for the mixture.
    augment_mix: f64 = 0.0, in UP_TO_1;
    /// Share of patches taken from the file with the surroundings, whose middle is compressed harder.
    augment_coarse: f64 = 0.0, in UP_TO_1;
    /// Largest standard deviation of added noise, as of a lower dose.
    ///
    /// Grey values span a range of 1: 0.01 is 14 HU.
    augment_noise: f32 = 0.0, in UP_TO_1;
    /// Soften or sharpen by up to this share, as other kernels do.
    augment_kernel: f32 = 0.0, in UP_TO_1;
    /// Largest share of sections farther out, as in thicker slices (partial volume).
    augment_thickness: f32 = 0.0, in UP_TO_1;
    /// Share of surroundings that end early, as at the edge of a slice.
    augment_edges: f64 = 0.0, in UP_TO_1;
    /// Last epochs without blended and hollowed patches.
    clean_epochs: usize = 0;
    /// The clean epochs take patches as they are, not even turned: true or false.
    clean_all: bool = false;
    /// Folder of patches without nodules to learn from besides (hard negatives), as `dataset` writes it.
    hard_negatives: PathBuf = PathBuf::new();
    /// Share of an epoch's patches that are hard negatives, drawn anew in each.
    hard_share: f64 = 0.1, in BELOW_1;
    /// Labels by teachers to learn from as well: what `teach` has written.
    labels: PathBuf = PathBuf::new();
    /// Share of those labels in the target.
    label_weight: f64 = 0.9, in UP_TO_1;
    /// LUNA16 subsets that are left out of the training part, separated by commas.
    ///
    /// So that a network can judge patients of that part that it has not learnt from.
    leave_out: Vec<u32> = Vec::new(), as [value_delimiter = ','];
    /// Weights files to learn from as well (distillation), separated by commas.
    ///
    /// Their mean answer to the altered patch is learnt.
    teachers: Vec<PathBuf> = Vec::new(), as [value_delimiter = ','];
    /// Take teachers that do not say whom they have learnt from: true or false.
    ///
    /// The card tells it. A teacher that has learnt from a patient of the validation or test part is
    /// refused all the same.
    trust_teachers: bool = false;
    /// Fixed views of each patch that teachers answer for, once each; 0 for new ones in every step.
    ///
    /// A view is altered and blended as a patch of a step is. Spares the teachers' time from the
    /// epoch on that has seen them all.
    teacher_views: usize = 0;
    /// Share of the teachers' answer in the target.
    teacher_weight: f64 = 0.5, in UP_TO_1;
    /// The teachers answer for hollowed nodules too: true or false.
    ///
    /// For teachers that have learnt from such; otherwise the label alone counts there.
    teach_cavities: bool = false;
    /// Figure on validation that chooses the best epoch: auc, loss, average-precision or recall.
    monitor: Monitor = Monitor::Auc, as [value_enum];
    /// End when that figure has not improved for so many epochs (early stopping); 0 for never.
    early_stopping: usize = 0;
    /// Steps between checkpoints.
    checkpoint_steps: usize = constants::CHECKPOINT_STEPS, in AT_LEAST_1;
    /// End after so many steps, for smoke tests; 0 for no limit.
    max_steps: usize = 0;
}

pub(crate) fn network(name: &str) -> Result<NetworkKind, String> {
    NetworkKind::from_name(name).ok_or_else(|| {
        format!("the networks are: {}", NetworkKind::ALL.map(NetworkKind::name).join(", "))
    })
}

/// Return the configuration of `file`, if there is one, with `overrides` on top.
///
/// # Errors
/// An unreadable file, a key that does not exist, a value out of range; the message names it.
pub fn resolve(file: Option<&Path>, overrides: &Overrides) -> Result<TrainConfig> {
    let mut table = match file {
        Some(path) => {
            let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
            text.parse::<toml::Table>().with_context(|| path.display().to_string())?
        }
        None => toml::Table::new(),
    };
    table.extend(toml::Table::try_from(overrides)?);
    let place = || file.map_or("the options".to_owned(), |path| path.display().to_string());
    let config: TrainConfig = table.try_into().with_context(place)?;
    config.check().with_context(place)?;
    Ok(config)
}

/// Read the configuration of a run.
///
/// # Errors
/// A folder that holds no run, or a file that is none.
pub fn read(run: &Path) -> Result<TrainConfig> {
    let path = run.join(FILE);
    let Ok(text) = fs::read_to_string(&path) else {
        bail!("{} is no run: it has no {FILE}", run.display())
    };
    let place = || path.display().to_string();
    let mut table = text.parse::<toml::Table>().with_context(place)?;
    for (key, then) in BEFORE {
        table.entry(*key).or_insert(then.clone());
    }
    table.try_into().with_context(|| {
        format!("{}: another build of this program wrote it, and has to go on with it", place())
    })
}

/// Keys that a run's file may lack, because it is older than they are, with what the program did
/// then where that is not the default of today. Every run's file holds all keys of its time.
const BEFORE: &[(&str, toml::Value)] = &[("decay_gains", toml::Value::Boolean(true))];

impl TrainConfig {
    /// Return the configuration as a file that can be run again.
    ///
    /// # Errors
    /// None that is known; the writer's are passed on.
    pub fn to_toml(&self) -> Result<String> {
        Ok(toml::to_string_pretty(self)?)
    }

    /// Return the file that describes the data, where one is named.
    #[must_use]
    pub fn data_card(&self) -> Option<&Path> {
        Some(self.data_card.as_path()).filter(|path| !path.as_os_str().is_empty())
    }

    /// Check that every value is within its range.
    ///
    /// # Errors
    /// The first that is not, by its name on the command line.
    pub fn check(&self) -> Result<()> {
        ensure!(!self.patches.as_os_str().is_empty(), "--patches is missing: a folder of patches");
        self.check_ranges()
    }

    /// Return the learning rate of a step, counted from 0, in a run of `steps` steps.
    #[must_use]
    pub fn learning_rate_at(&self, step: usize, steps: usize) -> f64 {
        use std::f64::consts::PI;
        let top = self.learning_rate;
        // Half a cosine from `from` to `to` as x goes from 0 to 1.
        let swing = |from: f64, to: f64, x: f64| to + (from - to) * (1.0 + (PI * x).cos()) / 2.0;
        let (step, steps) = (step as f64, steps.max(1) as f64);
        let rise = (self.warmup * steps).round();
        let fallen = ((step - rise) / (steps - rise).max(1.0)).clamp(0.0, 1.0);
        match self.schedule {
            Schedule::Constant => top,
            Schedule::Cosine if step < rise => top * (step + 1.0) / rise,
            Schedule::Cosine => swing(top, 0.0, fallen),
            Schedule::OneCycle if step < rise => swing(top / 25.0, top, step / rise),
            Schedule::OneCycle => swing(top, top / 25.0 / 1e4, fallen),
        }
    }
}

#[cfg(test)]
mod tests;
