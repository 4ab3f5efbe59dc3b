//! The settings of a run for TensorBoard's tab HPARAMS.
//!
//! Summaries whose plugin data are protocol buffers of TensorBoard's
//! `plugins/hparams/plugin_data.proto` and `api.proto`, of which the fields used are declared here.
//! A run has its settings at the start and how it ended; TensorBoard itself finds out what differs
//! between runs. A grid says besides what differs within it, and by which figures it is judged.

use super::{EventFile, Metadata, PluginData, TensorProto, Value, now};
use anyhow::Result;
use prost::{Enumeration, Message, Oneof};
use std::collections::BTreeMap;

/// Name by which the plugin knows its summaries.
const PLUGIN: &str = "hparams";

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enumeration)]
#[repr(i32)]
pub enum Status {
    /// Not said.
    Unknown = 0,
    /// As it should.
    Success = 1,
    /// By an error.
    Failure = 2,
    /// Not yet: it was stopped, and can be gone on with.
    Running = 3,
}

#[derive(Clone, PartialEq, Message)]
struct Data {
    #[prost(int32, tag = "1")]
    version: i32,
    #[prost(oneof = "Content", tags = "2, 3, 4")]
    content: Option<Content>,
}

#[derive(Clone, PartialEq, Oneof)]
enum Content {
    #[prost(message, tag = "2")]
    Experiment(Experiment),
    #[prost(message, tag = "3")]
    Start(SessionStart),
    #[prost(message, tag = "4")]
    End(SessionEnd),
}

#[derive(Clone, PartialEq, Message)]
struct Experiment {
    #[prost(double, tag = "3")]
    time_created_secs: f64,
    #[prost(message, repeated, tag = "4")]
    hparam_infos: Vec<HParamInfo>,
    #[prost(message, repeated, tag = "5")]
    metric_infos: Vec<MetricInfo>,
}

#[derive(Clone, PartialEq, Message)]
struct HParamInfo {
    #[prost(string, tag = "1")]
    name: String,
    /// 1 text, 2 truth value, 3 number.
    #[prost(int32, tag = "4")]
    r#type: i32,
    /// Whether it differs between the runs; the tab shows those first.
    #[prost(bool, tag = "7")]
    differs: bool,
}

#[derive(Clone, PartialEq, Message)]
struct MetricInfo {
    #[prost(message, optional, tag = "1")]
    name: Option<MetricName>,
    #[prost(string, tag = "3")]
    display_name: String,
}

#[derive(Clone, PartialEq, Message)]
struct MetricName {
    #[prost(string, tag = "2")]
    tag: String,
}

#[derive(Clone, PartialEq, Message)]
struct SessionStart {
    #[prost(btree_map = "string, message", tag = "1")]
    hparams: BTreeMap<String, Setting>,
    #[prost(double, tag = "5")]
    start_time_secs: f64,
}

#[derive(Clone, PartialEq, Message)]
struct SessionEnd {
    #[prost(enumeration = "Status", tag = "1")]
    status: i32,
    #[prost(double, tag = "2")]
    end_time_secs: f64,
}

/// `google.protobuf.Value`
#[derive(Clone, PartialEq, Message)]
struct Setting {
    #[prost(oneof = "SettingKind", tags = "2, 3, 4")]
    kind: Option<SettingKind>,
}

#[derive(Clone, PartialEq, Oneof)]
enum SettingKind {
    #[prost(double, tag = "2")]
    Number(f64),
    #[prost(string, tag = "3")]
    Text(String),
    #[prost(bool, tag = "4")]
    Truth(bool),
}

impl SettingKind {
    fn of(value: &toml::Value) -> Self {
        match value {
            toml::Value::Integer(number) => Self::Number(*number as f64),
            toml::Value::Float(number) => Self::Number(*number),
            toml::Value::Boolean(truth) => Self::Truth(*truth),
            toml::Value::String(text) => Self::Text(text.clone()),
            other => Self::Text(other.to_string()),
        }
    }

    /// Return the number of its kind in `api.proto`.
    fn data_type(&self) -> i32 {
        match self {
            Self::Text(_) => 1,
            Self::Truth(_) => 2,
            Self::Number(_) => 3,
        }
    }
}

impl EventFile {
    /// Write what a grid of runs is about: the settings, of which those in `varied` differ, and the
    /// tags of the scalars by which runs are compared.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub fn experiment(
        &mut self,
        settings: &toml::Table,
        varied: &[String],
        metrics: &[&str],
    ) -> Result<()> {
        let info = |(name, value): (&String, &toml::Value)| HParamInfo {
            name: name.clone(),
            r#type: SettingKind::of(value).data_type(),
            differs: varied.contains(name),
        };
        let metric = |tag: &&str| MetricInfo {
            name: Some(MetricName { tag: (*tag).to_owned() }),
            display_name: (*tag).to_owned(),
        };
        let experiment = Experiment {
            time_created_secs: now(),
            hparam_infos: settings.iter().map(info).collect(),
            metric_infos: metrics.iter().map(metric).collect(),
        };
        self.hparams("experiment", Content::Experiment(experiment))
    }

    /// Write the settings of a run.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub fn settings(&mut self, settings: &toml::Table) -> Result<()> {
        let setting = |(name, value): (&String, &toml::Value)| {
            (name.clone(), Setting { kind: Some(SettingKind::of(value)) })
        };
        let start = SessionStart {
            hparams: settings.iter().map(setting).collect(),
            start_time_secs: now(),
        };
        self.hparams("session_start_info", Content::Start(start))
    }

    /// Write how the session ended.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub fn ended(&mut self, status: Status) -> Result<()> {
        let end = SessionEnd { status: status as i32, end_time_secs: now() };
        self.hparams("session_end_info", Content::End(end))
    }

    fn hparams(&mut self, what: &str, content: Content) -> Result<()> {
        let content = Data { version: 0, content: Some(content) }.encode_to_vec();
        let value = Value {
            tag: format!("_hparams_/{what}"),
            metadata: Some(Metadata {
                plugin_data: Some(PluginData { plugin_name: PLUGIN.to_owned(), content }),
            }),
            // TensorBoard wants a tensor in every summary of a plugin: the number 0.
            tensor: Some(TensorProto { dtype: 1, float_val: vec![0.0] }),
            ..Value::default()
        };
        self.values(0, vec![value])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensorboard::Event;
    use std::fs;

    /// The messages in a file's frames.
    fn events(path: &std::path::Path) -> Vec<Event> {
        let bytes = fs::read(path).unwrap();
        let (mut at, mut events) = (0, Vec::new());
        while at < bytes.len() {
            let length = u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize;
            events.push(Event::decode(&bytes[at + 12..at + 12 + length]).unwrap());
            at += 12 + length + 4;
        }
        events
    }

    #[test]
    fn settings_and_ending_are_read_back_as_the_plugin_reads_them() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = EventFile::create(folder.path()).unwrap();
        let settings: toml::Table =
            "rate = 0.5\nepochs = 3\nclean = true\nnetwork = 'paper'\nteachers = ['a', 'b']\n"
                .parse()
                .unwrap();
        file.experiment(&settings, &["rate".to_owned()], &["auc/valid"]).unwrap();
        file.settings(&settings).unwrap();
        file.ended(Status::Success).unwrap();
        let path = fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
        let mut data = Vec::new();
        for event in events(&path) {
            for value in event.summary.map_or(Vec::new(), |summary| summary.value) {
                let plugin = value.metadata.unwrap().plugin_data.unwrap();
                assert_eq!(plugin.plugin_name, "hparams");
                assert!(value.tensor.is_some(), "{}", value.tag);
                data.push((value.tag, Data::decode(&plugin.content[..]).unwrap()));
            }
        }
        let tags: Vec<&str> = data.iter().map(|(tag, _)| tag.as_str()).collect();
        assert_eq!(
            tags,
            ["_hparams_/experiment", "_hparams_/session_start_info", "_hparams_/session_end_info"]
        );
        let Some(Content::Experiment(experiment)) = &data[0].1.content else { panic!() };
        let metric = experiment.metric_infos[0].name.clone().unwrap();
        assert_eq!(metric.tag, "auc/valid");
        let kinds: Vec<_> =
            experiment.hparam_infos.iter().map(|info| (info.name.as_str(), info.r#type)).collect();
        let expected = [("clean", 2), ("epochs", 3), ("network", 1), ("rate", 3), ("teachers", 1)];
        let mut kinds = kinds;
        kinds.sort_unstable();
        assert_eq!(kinds, expected);
        let differ: Vec<bool> = experiment.hparam_infos.iter().map(|info| info.differs).collect();
        assert_eq!(differ.iter().filter(|differs| **differs).count(), 1);
        let Some(Content::Start(start)) = &data[1].1.content else { panic!() };
        let setting = |name: &str| start.hparams[name].kind.clone().unwrap();
        assert_eq!(setting("rate"), SettingKind::Number(0.5));
        assert_eq!(setting("epochs"), SettingKind::Number(3.0));
        assert_eq!(setting("clean"), SettingKind::Truth(true));
        assert_eq!(setting("network"), SettingKind::Text("paper".to_owned()));
        assert_eq!(setting("teachers"), SettingKind::Text(r#"["a", "b"]"#.to_owned()));
        assert!(start.start_time_secs > 1e9);
        let Some(Content::End(end)) = &data[2].1.content else { panic!() };
        assert_eq!(end.status(), Status::Success);
    }
}
