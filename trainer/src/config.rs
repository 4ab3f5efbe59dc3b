//! The training keys: a TOML file, every key also an option of the command line.
//!
//! The defaults are the paper's recipe, so an empty file trains the paper's network as the paper
//! did. The resolved configuration is written to `config.toml` of the run's folder.

use crate::dataset::Split;
use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use nodulens::constants;
use nodulens::model::NetworkKind;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// Name of the resolved configuration in a run's folder.
pub const FILE: &str = "config.toml";

/// The rule by which gradients move the parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum OptimizerKind {
    /// Adam; weight decay is added to the gradient.
    #[default]
    Adam,
    /// Adam with decoupled weight decay.
    AdamW,
}

/// How the learning rate moves over a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// The same at every step, as in the paper.
    #[default]
    Constant,
    /// Warm-up from 0, then half a cosine down to 0.
    Cosine,
    /// Smith's one cycle: from 1/25 of it up by half a cosine, then down to almost nothing.
    OneCycle,
}

/// How classes weigh in the loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ClassWeights {
    /// Every patch the same.
    #[default]
    None,
    /// Both classes the same in sum: each patch by the inverse frequency of its class.
    Balanced,
}

/// What becomes of contested negatives in training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Contested {
    /// They are negatives like others.
    #[default]
    Keep,
    /// They are not learnt from.
    Drop,
    /// Their target is the share of four readers who outlined a nodule there.
    Soften,
}

/// The figure on validation by which the best epoch is chosen, and early stopping decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Monitor {
    /// Area under the ROC curve.
    #[default]
    Auc,
    /// Cross-entropy; the lower the better.
    Loss,
    /// Area under the curve of precision and recall.
    AveragePrecision,
    /// Recall at the paper's specificity, 97.09 %.
    Recall,
}

impl Monitor {
    /// Return what the figure is called in a sentence.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auc => "AUC",
            Self::Loss => "loss",
            Self::AveragePrecision => "average precision",
            Self::Recall => "recall at specificity 0.9709",
        }
    }

    /// Tell whether a figure is better than the best so far. One that cannot be computed, for want
    /// of a class, is better than none before it.
    #[must_use]
    pub fn is_better(self, figure: Option<f64>, best: Option<f64>) -> bool {
        match (figure, best) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(figure), Some(best)) if self == Self::Loss => figure < best,
            (Some(figure), Some(best)) => figure > best,
        }
    }
}

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
    /// Last epochs without blended and hollowed patches.
    clean_epochs: usize = 0;
    /// The clean epochs take patches as they are, not even turned: true or false.
    clean_all: bool = false;
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
mod tests {
    use super::*;
    use clap::{Args, CommandFactory, FromArgMatches, Parser};

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        overrides: Overrides,
    }

    fn option(key: &str) -> String {
        format!("--{}", key.replace('_', "-"))
    }

    /// A value of a key that is not its default, as the command line takes it.
    fn other(key: &str, default: &toml::Value) -> String {
        let command = Overrides::augment_args(clap::Command::new("train"));
        let argument = command.get_arguments().find(|argument| argument.get_id() == key).unwrap();
        let usual = default.as_str().unwrap_or_default();
        match (key, default) {
            ("network", _) => "compact".to_owned(),
            ("split", _) => "luna16-fold-3".to_owned(),
            (_, toml::Value::Integer(number)) => (number + 1).to_string(),
            (_, toml::Value::Float(number)) => (number / 4.0 + 0.3).to_string(),
            (_, toml::Value::Boolean(on)) => (!on).to_string(),
            (_, toml::Value::Array(_)) => "a.nodulens,b.nodulens".to_owned(),
            _ => {
                let values = argument.get_possible_values();
                let others = values.iter().map(|value| value.get_name());
                others.into_iter().find(|name| *name != usual).unwrap_or("elsewhere").to_owned()
            }
        }
    }

    #[test]
    fn every_key_has_a_default_and_an_option_that_wins() {
        let defaults = TrainConfig { patches: "p".into(), ..TrainConfig::default() };
        let table = toml::Table::try_from(&defaults).unwrap();
        assert_eq!(table.keys().len(), TrainConfig::KEYS.len());
        for key in TrainConfig::KEYS {
            let value = other(key, &table[*key]);
            let line = ["train".to_owned(), option(key), value];
            let matches = Line::command().try_get_matches_from(line).unwrap();
            let overrides = Line::from_arg_matches(&matches).unwrap().overrides;
            // The file says the default, and nothing at all: the option wins over both.
            for text in [defaults.to_toml().unwrap(), "patches = 'p'".to_owned()] {
                let (_folder, path) = file(&text);
                assert_eq!(resolve(Some(&path), &Overrides::default()).unwrap(), defaults);
                let resolved = resolve(Some(&path), &overrides).unwrap();
                let resolved = toml::Table::try_from(&resolved).unwrap();
                let changed = resolved.iter().filter(|(key, value)| table[*key] != **value);
                assert_eq!(changed.map(|(key, _)| key.as_str()).collect::<Vec<_>>(), [*key]);
            }
        }
    }

    #[test]
    fn the_help_names_every_key_and_says_what_it_is() {
        let mut command = Line::command();
        let help = command.render_help().to_string();
        for key in TrainConfig::KEYS {
            assert!(help.contains(&format!("{} <", option(key))), "{key} in\n{help}");
        }
        for argument in command.get_arguments().filter(|argument| argument.get_id() != "help") {
            assert!(argument.get_help().is_some(), "{}", argument.get_id());
        }
    }

    #[test]
    fn a_key_out_of_its_range_is_named_as_its_option() {
        for (line, said) in [
            ("epochs = 0", "--epochs must be at least 1"),
            ("learning_rate = 0.0", "--learning-rate must be above 0"),
            ("dropout = 1.0", "--dropout must be at least 0 and below 1"),
            ("augment_mix = 1.5", "--augment-mix must be between 0 and 1"),
            ("augment_shift_px = -1.0", "--augment-shift-px must be at least 0"),
        ] {
            let (_folder, path) = file(&format!("patches = 'p'\n{line}\n"));
            let error = format!("{:#}", resolve(Some(&path), &Overrides::default()).unwrap_err());
            assert!(error.ends_with(said), "{error}");
        }
    }

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.toml");
        fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn options_override_the_file_and_the_rest_is_the_papers() {
        let (_folder, path) = file("patches = 'p'\nepochs = 9\nschedule = 'one-cycle'\n");
        let overrides = Overrides { epochs: Some(3), ..Overrides::default() };
        let config = resolve(Some(&path), &overrides).unwrap();
        assert_eq!((config.epochs, config.schedule), (3, Schedule::OneCycle));
        assert_eq!(config.batch_size, constants::BATCH_SIZE);
        // What is written back gives the same run.
        let (_folder, written) = file(&config.to_toml().unwrap());
        assert_eq!(resolve(Some(&written), &Overrides::default()).unwrap(), config);
    }

    #[test]
    fn a_run_older_than_a_key_is_read_as_what_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let write = |text: &str| fs::write(folder.path().join(FILE), text).unwrap();
        write("patches = 'p'\nweight_decay = 0.02\n");
        let config = read(folder.path()).unwrap();
        assert!(config.decay_gains, "weight decay pulled on all parameters then");
        write(&TrainConfig { decay_gains: false, ..config.clone() }.to_toml().unwrap());
        assert!(!read(folder.path()).unwrap().decay_gains);
        // A key that this build does not know changes the run, so it is not passed over.
        write("patches = 'p'\nnovelty = 1\n");
        let error = format!("{:#}", read(folder.path()).unwrap_err());
        assert!(error.contains("novelty") && error.contains("another build"), "{error}");
    }

    #[test]
    fn wrong_keys_and_values_are_named() {
        let message = |text: &str| {
            let (_folder, path) = file(text);
            format!("{:#}", resolve(Some(&path), &Overrides::default()).unwrap_err())
        };
        assert!(message("patches = 'p'\nepoch = 3\n").contains("epoch"));
        assert!(message("patches = 'p'\nwarmup = 1.5\n").contains("--warmup"));
        assert!(message("patches = 'p'\nsplit = 'random'\n").contains("patientwise"));
        assert!(message("epochs = 3\n").contains("--patches"));
    }

    #[test]
    fn schedules_rise_and_fall_where_they_should() {
        let config = |schedule| TrainConfig {
            schedule,
            learning_rate: 1.0,
            warmup: 0.2,
            ..TrainConfig::default()
        };
        let at = |schedule, step| config(schedule).learning_rate_at(step, 100);
        assert_eq!(at(Schedule::Constant, 77), 1.0);
        assert_eq!(at(Schedule::Cosine, 0), 1.0 / 20.0);
        assert_eq!(at(Schedule::Cosine, 20), 1.0);
        assert!((at(Schedule::Cosine, 60) - 0.5).abs() < 1e-12);
        // PyTorch's OneCycleLR starts at a 25th and ends at a 250,000th.
        assert!((at(Schedule::OneCycle, 0) - 0.04).abs() < 1e-12);
        assert!((at(Schedule::OneCycle, 20) - 1.0).abs() < 1e-12);
        assert!((at(Schedule::OneCycle, 100) - 4e-6).abs() < 1e-12);
    }
}
