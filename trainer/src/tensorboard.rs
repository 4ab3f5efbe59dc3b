//! Event files for TensorBoard: scalars, pictures and histograms.
//!
//! The format is TFRecord (length, masked CRC-32C, bytes, masked CRC-32C) around the protocol
//! buffers of TensorFlow's `event.proto` and `summary.proto`, of which the fields used are
//! declared here. A test reads the files back with TensorBoard's own reader.

pub mod hparams;

use anyhow::{Context, Result};
use prost::Message;
use std::fs::{File, create_dir_all};
use std::io::Write;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

#[derive(Clone, PartialEq, Message)]
struct Event {
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
    #[prost(message, optional, tag = "4")]
    image: Option<Image>,
    #[prost(message, optional, tag = "5")]
    histogram: Option<Histogram>,
    #[prost(message, optional, tag = "8")]
    tensor: Option<TensorProto>,
    #[prost(message, optional, tag = "9")]
    metadata: Option<Metadata>,
}

#[derive(Clone, PartialEq, Message)]
struct TensorProto {
    /// 1 is single precision.
    #[prost(int32, tag = "1")]
    dtype: i32,
    #[prost(float, repeated, tag = "5")]
    float_val: Vec<f32>,
}

#[derive(Clone, PartialEq, Message)]
struct Metadata {
    #[prost(message, optional, tag = "1")]
    plugin_data: Option<PluginData>,
}

#[derive(Clone, PartialEq, Message)]
struct PluginData {
    #[prost(string, tag = "1")]
    plugin_name: String,
    #[prost(bytes = "vec", tag = "2")]
    content: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct Image {
    #[prost(int32, tag = "1")]
    height: i32,
    #[prost(int32, tag = "2")]
    width: i32,
    /// 1 is grey.
    #[prost(int32, tag = "3")]
    colorspace: i32,
    #[prost(bytes = "vec", tag = "4")]
    encoded: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct Histogram {
    #[prost(double, tag = "1")]
    min: f64,
    #[prost(double, tag = "2")]
    max: f64,
    #[prost(double, tag = "3")]
    num: f64,
    #[prost(double, tag = "4")]
    sum: f64,
    #[prost(double, tag = "5")]
    sum_squares: f64,
    /// Upper ends of the buckets.
    #[prost(double, repeated, tag = "6")]
    bucket_limit: Vec<f64>,
    #[prost(double, repeated, tag = "7")]
    bucket: Vec<f64>,
}

/// One event file. A resumed run writes another beside it; TensorBoard shows them as one.
#[derive(Debug)]
pub struct EventFile {
    file: File,
}

impl EventFile {
    /// Begin a file in `folder`, which is made where it is missing.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub fn create(folder: &Path) -> Result<Self> {
        create_dir_all(folder).with_context(|| folder.display().to_string())?;
        // TensorBoard reads files in the order of their names and wants `tfevents` in them.
        let stamp = (now() * 1e3) as u64;
        let path = folder.join(format!("events.out.tfevents.{stamp:013}.nodulens"));
        let file = File::create(&path).with_context(|| path.display().to_string())?;
        let mut events = Self { file };
        events.write(0, Some("brain.Event:2".to_owned()), None)?;
        Ok(events)
    }

    /// Write named numbers at a step.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub fn scalars(&mut self, step: usize, scalars: &[(&str, f64)]) -> Result<()> {
        let value = |(tag, number): &(&str, f64)| Value {
            tag: (*tag).to_owned(),
            simple_value: Some(*number as f32),
            ..Value::default()
        };
        self.values(step, scalars.iter().map(value).collect())
    }

    /// Write a grey picture at a step, as PNG bytes of `width` x `height` pixels.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub fn image(&mut self, step: usize, tag: &str, size: [u32; 2], png: Vec<u8>) -> Result<()> {
        let [width, height] = size.map(|side| side as i32);
        let image = Image { height, width, colorspace: 1, encoded: png };
        self.values(
            step,
            vec![Value { tag: tag.to_owned(), image: Some(image), ..Value::default() }],
        )
    }

    /// Write a histogram of values in [0, 1] over 30 buckets.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub fn histogram(&mut self, step: usize, tag: &str, values: &[f64]) -> Result<()> {
        let buckets = 30;
        let mut bucket = vec![0.0; buckets];
        for value in values {
            bucket[((value * buckets as f64) as usize).min(buckets - 1)] += 1.0;
        }
        let histogram = Histogram {
            min: values.iter().copied().fold(f64::INFINITY, f64::min),
            max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            num: values.len() as f64,
            sum: values.iter().sum(),
            sum_squares: values.iter().map(|value| value * value).sum(),
            bucket_limit: (1..=buckets).map(|i| i as f64 / buckets as f64).collect(),
            bucket,
        };
        let value = Value { tag: tag.to_owned(), histogram: Some(histogram), ..Value::default() };
        self.values(step, vec![value])
    }

    fn values(&mut self, step: usize, value: Vec<Value>) -> Result<()> {
        self.write(step, None, Some(Summary { value }))
    }

    fn write(
        &mut self,
        step: usize,
        file_version: Option<String>,
        summary: Option<Summary>,
    ) -> Result<()> {
        let event = Event { wall_time: now(), step: step as i64, file_version, summary };
        self.file.write_all(&record(&event.encode_to_vec())).context("TensorBoard events")
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

/// Frame bytes as a TFRecord.
fn record(bytes: &[u8]) -> Vec<u8> {
    // Masked, because a CRC over data that holds CRCs is weak.
    let checksum = |bytes: &[u8]| {
        let crc = crc32c::crc32c(bytes);
        (crc.rotate_right(15)).wrapping_add(0xA282_EAD8).to_le_bytes()
    };
    let length = (bytes.len() as u64).to_le_bytes();
    [&length[..], &checksum(&length), bytes, &checksum(bytes)].concat()
}
