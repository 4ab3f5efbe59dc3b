//! DICOM tags by name, so that no code says `0x0020_0032`.
//!
//! The names are the standard's keywords (PS3.6, chapter 6), written as in dicom-rs. Only those that
//! are read, written or shown: the whole dictionary of 5,000 is not needed.

#![allow(missing_docs, reason = "the names are the standard's keywords, which say what they are")]

/// An attribute's number: the group in the upper half, the element in the lower.
pub type Tag = u32;

// File meta information.
pub const FILE_META_INFORMATION_GROUP_LENGTH: Tag = 0x0002_0000;
pub const FILE_META_INFORMATION_VERSION: Tag = 0x0002_0001;
pub const MEDIA_STORAGE_SOP_CLASS_UID: Tag = 0x0002_0002;
pub const MEDIA_STORAGE_SOP_INSTANCE_UID: Tag = 0x0002_0003;
pub const TRANSFER_SYNTAX_UID: Tag = 0x0002_0010;
pub const IMPLEMENTATION_CLASS_UID: Tag = 0x0002_0012;
pub const IMPLEMENTATION_VERSION_NAME: Tag = 0x0002_0013;

// Identification: what it is, of when and from where.
pub const SPECIFIC_CHARACTER_SET: Tag = 0x0008_0005;
pub const IMAGE_TYPE: Tag = 0x0008_0008;
pub const INSTANCE_CREATION_DATE: Tag = 0x0008_0012;
pub const INSTANCE_CREATION_TIME: Tag = 0x0008_0013;
pub const SOP_CLASS_UID: Tag = 0x0008_0016;
pub const SOP_INSTANCE_UID: Tag = 0x0008_0018;
pub const STUDY_DATE: Tag = 0x0008_0020;
pub const SERIES_DATE: Tag = 0x0008_0021;
pub const ACQUISITION_DATE: Tag = 0x0008_0022;
pub const CONTENT_DATE: Tag = 0x0008_0023;
pub const ACQUISITION_DATE_TIME: Tag = 0x0008_002A;
pub const STUDY_TIME: Tag = 0x0008_0030;
pub const SERIES_TIME: Tag = 0x0008_0031;
pub const ACQUISITION_TIME: Tag = 0x0008_0032;
pub const CONTENT_TIME: Tag = 0x0008_0033;
pub const ACCESSION_NUMBER: Tag = 0x0008_0050;
pub const MODALITY: Tag = 0x0008_0060;
pub const CONVERSION_TYPE: Tag = 0x0008_0064;
pub const MANUFACTURER: Tag = 0x0008_0070;
pub const INSTITUTION_NAME: Tag = 0x0008_0080;
pub const INSTITUTION_ADDRESS: Tag = 0x0008_0081;
pub const REFERRING_PHYSICIAN_NAME: Tag = 0x0008_0090;
pub const CODE_VALUE: Tag = 0x0008_0100;
pub const CODING_SCHEME_DESIGNATOR: Tag = 0x0008_0102;
pub const CODE_MEANING: Tag = 0x0008_0104;
pub const MAPPING_RESOURCE: Tag = 0x0008_0105;
pub const STATION_NAME: Tag = 0x0008_1010;
pub const STUDY_DESCRIPTION: Tag = 0x0008_1030;
pub const SERIES_DESCRIPTION: Tag = 0x0008_103E;
pub const INSTITUTIONAL_DEPARTMENT_NAME: Tag = 0x0008_1040;
pub const PHYSICIANS_OF_RECORD: Tag = 0x0008_1048;
pub const PERFORMING_PHYSICIAN_NAME: Tag = 0x0008_1050;
pub const NAME_OF_PHYSICIANS_READING_STUDY: Tag = 0x0008_1060;
pub const OPERATORS_NAME: Tag = 0x0008_1070;
pub const MANUFACTURER_MODEL_NAME: Tag = 0x0008_1090;
pub const REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE: Tag = 0x0008_1111;
pub const REFERENCED_SERIES_SEQUENCE: Tag = 0x0008_1115;
pub const REFERENCED_SOP_CLASS_UID: Tag = 0x0008_1150;
pub const REFERENCED_SOP_INSTANCE_UID: Tag = 0x0008_1155;
pub const REFERENCED_FRAME_NUMBER: Tag = 0x0008_1160;
pub const REFERENCED_SOP_SEQUENCE: Tag = 0x0008_1199;
pub const DERIVATION_DESCRIPTION: Tag = 0x0008_2111;

// Patient.
pub const PATIENT_NAME: Tag = 0x0010_0010;
pub const PATIENT_ID: Tag = 0x0010_0020;
pub const PATIENT_BIRTH_DATE: Tag = 0x0010_0030;
pub const PATIENT_BIRTH_TIME: Tag = 0x0010_0032;
pub const PATIENT_SEX: Tag = 0x0010_0040;
pub const OTHER_PATIENT_IDS: Tag = 0x0010_1000;
pub const OTHER_PATIENT_NAMES: Tag = 0x0010_1001;
pub const PATIENT_AGE: Tag = 0x0010_1010;
pub const PATIENT_SIZE: Tag = 0x0010_1020;
pub const PATIENT_WEIGHT: Tag = 0x0010_1030;
pub const PATIENT_ADDRESS: Tag = 0x0010_1040;
pub const PATIENT_TELEPHONE_NUMBERS: Tag = 0x0010_2154;
pub const ETHNIC_GROUP: Tag = 0x0010_2160;
pub const ADDITIONAL_PATIENT_HISTORY: Tag = 0x0010_21B0;
pub const PATIENT_COMMENTS: Tag = 0x0010_4000;

// Trial and de-identification.
pub const PATIENT_IDENTITY_REMOVED: Tag = 0x0012_0062;
pub const DEIDENTIFICATION_METHOD: Tag = 0x0012_0063;

// Acquisition.
pub const CONTRAST_BOLUS_AGENT: Tag = 0x0018_0010;
pub const BODY_PART_EXAMINED: Tag = 0x0018_0015;
pub const SCAN_OPTIONS: Tag = 0x0018_0022;
pub const SLICE_THICKNESS: Tag = 0x0018_0050;
pub const KVP: Tag = 0x0018_0060;
pub const SPACING_BETWEEN_SLICES: Tag = 0x0018_0088;
pub const DATA_COLLECTION_DIAMETER: Tag = 0x0018_0090;
pub const DEVICE_SERIAL_NUMBER: Tag = 0x0018_1000;
pub const SOFTWARE_VERSIONS: Tag = 0x0018_1020;
pub const PROTOCOL_NAME: Tag = 0x0018_1030;
pub const RECONSTRUCTION_DIAMETER: Tag = 0x0018_1100;
pub const DISTANCE_SOURCE_TO_DETECTOR: Tag = 0x0018_1110;
pub const DISTANCE_SOURCE_TO_PATIENT: Tag = 0x0018_1111;
pub const GANTRY_DETECTOR_TILT: Tag = 0x0018_1120;
pub const TABLE_HEIGHT: Tag = 0x0018_1130;
pub const ROTATION_DIRECTION: Tag = 0x0018_1140;
pub const EXPOSURE_TIME: Tag = 0x0018_1150;
pub const X_RAY_TUBE_CURRENT: Tag = 0x0018_1151;
pub const EXPOSURE: Tag = 0x0018_1152;
pub const FILTER_TYPE: Tag = 0x0018_1160;
pub const IMAGER_PIXEL_SPACING: Tag = 0x0018_1164;
pub const GENERATOR_POWER: Tag = 0x0018_1170;
pub const FOCAL_SPOTS: Tag = 0x0018_1190;
pub const CONVOLUTION_KERNEL: Tag = 0x0018_1210;
pub const PATIENT_POSITION: Tag = 0x0018_5100;
pub const CT_IMAGE_FRAME_TYPE_SEQUENCE: Tag = 0x0018_9329;

// Relationship: series, numbers, place in the body.
pub const STUDY_INSTANCE_UID: Tag = 0x0020_000D;
pub const SERIES_INSTANCE_UID: Tag = 0x0020_000E;
pub const STUDY_ID: Tag = 0x0020_0010;
pub const SERIES_NUMBER: Tag = 0x0020_0011;
pub const ACQUISITION_NUMBER: Tag = 0x0020_0012;
pub const INSTANCE_NUMBER: Tag = 0x0020_0013;
pub const IMAGE_POSITION_PATIENT: Tag = 0x0020_0032;
pub const IMAGE_ORIENTATION_PATIENT: Tag = 0x0020_0037;
pub const FRAME_OF_REFERENCE_UID: Tag = 0x0020_0052;
pub const POSITION_REFERENCE_INDICATOR: Tag = 0x0020_1040;
pub const SLICE_LOCATION: Tag = 0x0020_1041;
pub const IMAGE_COMMENTS: Tag = 0x0020_4000;
pub const FRAME_CONTENT_SEQUENCE: Tag = 0x0020_9111;
pub const PLANE_POSITION_SEQUENCE: Tag = 0x0020_9113;
pub const PLANE_ORIENTATION_SEQUENCE: Tag = 0x0020_9116;

// Image: the form of the pixels and what they stand for.
pub const SAMPLES_PER_PIXEL: Tag = 0x0028_0002;
pub const PHOTOMETRIC_INTERPRETATION: Tag = 0x0028_0004;
pub const PLANAR_CONFIGURATION: Tag = 0x0028_0006;
pub const NUMBER_OF_FRAMES: Tag = 0x0028_0008;
pub const ROWS: Tag = 0x0028_0010;
pub const COLUMNS: Tag = 0x0028_0011;
pub const PIXEL_SPACING: Tag = 0x0028_0030;
pub const BITS_ALLOCATED: Tag = 0x0028_0100;
pub const BITS_STORED: Tag = 0x0028_0101;
pub const HIGH_BIT: Tag = 0x0028_0102;
pub const PIXEL_REPRESENTATION: Tag = 0x0028_0103;
pub const PIXEL_PADDING_VALUE: Tag = 0x0028_0120;
pub const PIXEL_PADDING_RANGE_LIMIT: Tag = 0x0028_0121;
pub const BURNED_IN_ANNOTATION: Tag = 0x0028_0301;
pub const WINDOW_CENTER: Tag = 0x0028_1050;
pub const WINDOW_WIDTH: Tag = 0x0028_1051;
pub const RESCALE_INTERCEPT: Tag = 0x0028_1052;
pub const RESCALE_SLOPE: Tag = 0x0028_1053;
pub const RESCALE_TYPE: Tag = 0x0028_1054;
pub const WINDOW_CENTER_WIDTH_EXPLANATION: Tag = 0x0028_1055;
pub const LOSSY_IMAGE_COMPRESSION: Tag = 0x0028_2110;
pub const LOSSY_IMAGE_COMPRESSION_RATIO: Tag = 0x0028_2112;
pub const MODALITY_LUT_SEQUENCE: Tag = 0x0028_3000;
pub const PIXEL_MEASURES_SEQUENCE: Tag = 0x0028_9110;
pub const FRAME_VOI_LUT_SEQUENCE: Tag = 0x0028_9132;
pub const PIXEL_VALUE_TRANSFORMATION_SEQUENCE: Tag = 0x0028_9145;

// Request.
pub const REQUESTING_PHYSICIAN: Tag = 0x0032_1032;
pub const REQUESTED_PROCEDURE_DESCRIPTION: Tag = 0x0032_1060;

// Content of structured reports.
pub const MEASUREMENT_UNITS_CODE_SEQUENCE: Tag = 0x0040_08EA;
pub const RELATIONSHIP_TYPE: Tag = 0x0040_A010;
pub const VALUE_TYPE: Tag = 0x0040_A040;
pub const CONCEPT_NAME_CODE_SEQUENCE: Tag = 0x0040_A043;
pub const CONTINUITY_OF_CONTENT: Tag = 0x0040_A050;
pub const UID: Tag = 0x0040_A124;
pub const TEXT_VALUE: Tag = 0x0040_A160;
pub const CONCEPT_CODE_SEQUENCE: Tag = 0x0040_A168;
pub const MEASURED_VALUE_SEQUENCE: Tag = 0x0040_A300;
pub const NUMERIC_VALUE: Tag = 0x0040_A30A;
pub const PERFORMED_PROCEDURE_CODE_SEQUENCE: Tag = 0x0040_A372;
pub const CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE: Tag = 0x0040_A375;
pub const COMPLETION_FLAG: Tag = 0x0040_A491;
pub const VERIFICATION_FLAG: Tag = 0x0040_A493;
pub const CONTENT_TEMPLATE_SEQUENCE: Tag = 0x0040_A504;
pub const CONTENT_SEQUENCE: Tag = 0x0040_A730;
pub const TEMPLATE_IDENTIFIER: Tag = 0x0040_DB00;

// Presentation.
pub const GRAPHIC_DATA: Tag = 0x0070_0022;
pub const GRAPHIC_TYPE: Tag = 0x0070_0023;

// Multi-frame functional groups.
pub const SHARED_FUNCTIONAL_GROUPS_SEQUENCE: Tag = 0x5200_9229;
pub const PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE: Tag = 0x5200_9230;

// Pixels.
pub const PIXEL_DATA: Tag = 0x7FE0_0010;

// Delimiters of items and sequences.
pub const ITEM: Tag = 0xFFFE_E000;
pub const ITEM_DELIMITATION_ITEM: Tag = 0xFFFE_E00D;
pub const SEQUENCE_DELIMITATION_ITEM: Tag = 0xFFFE_E0DD;
