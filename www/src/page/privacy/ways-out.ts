/**
 * What this page never uses and could be used to send something: by name, with what it is a part of. The content security policy
 * (scripts/csp.mjs) covers most of it once more, but not in every browser, and not what the browser itself sends on (speech that is
 * made elsewhere, pictures of a notification, a request that goes on when the tab is closed).
 */

/** Of the window. `open`, picture in picture: a window of its own could be given an address with data in it, and has everything again. */
export const OF_WINDOW = [
  'RTCPeerConnection', 'webkitRTCPeerConnection', 'mozRTCPeerConnection', 'RTCDataChannel', 'RTCIceTransport', 'WebSocket', 'WebSocketStream', 'EventSource', 'WebTransport', 'XMLHttpRequest', 'fetchLater',
  'SharedWorker', 'BroadcastChannel', 'open', 'documentPictureInPicture', 'customElements', 'cookieStore', 'indexedDB', 'webkitRequestFileSystem', 'webkitResolveLocalFileSystemURL', 'launchQueue',
  'TCPSocket', 'TCPServerSocket', 'UDPSocket', 'FontFace',
  // Text becomes elements in them, and so a frame.
  'DOMParser', 'XSLTProcessor',
  // Voices and ears may be elsewhere.
  'speechSynthesis', 'SpeechSynthesisUtterance', 'SpeechRecognition', 'webkitSpeechRecognition',
  // The browser fetches their pictures, or sends on what it is given.
  'Notification', 'MediaMetadata', 'MediaSession', 'PaymentRequest', 'PresentationRequest', 'PushManager', 'BackgroundFetchManager', 'SyncManager', 'PeriodicSyncManager',
  'PublicKeyCredential', 'IdentityCredential', 'FederatedCredential', 'PasswordCredential', 'OTPCredential', 'DigitalCredential', 'NDEFReader', 'sharedStorage', 'fence', 'RemotePlayback',
  // What is put there goes along with a report that the page has crashed.
  'crashReport',
  'showOpenFilePicker', 'showSaveFilePicker', 'showDirectoryPicker',
  // Models that may compute elsewhere.
  'LanguageModel', 'Summarizer', 'Translator', 'LanguageDetector', 'Writer', 'Rewriter', 'Proofreader', 'ai', 'translation',
];

/** `credentials` has the browser ask a host of one's choice; devices and the clipboard pass on what they are given. */
export const OF_NAVIGATOR = [
  'sendBeacon', 'registerProtocolHandler', 'share', 'canShare', 'credentials', 'login', 'storage', 'storageBuckets', 'webkitTemporaryStorage', 'webkitPersistentStorage', 'geolocation', 'mediaSession', 'presentation', 'clipboard', 'contacts', 'mediaDevices', 'getUserMedia', 'webkitGetUserMedia',
  'bluetooth', 'usb', 'serial', 'hid', 'requestMIDIAccess', 'requestMediaKeySystemAccess', 'joinAdInterestGroup', 'runAdAuction', 'updateAdInterestGroups', 'getInterestGroupAdAuctionData', 'protectedAudience',
];

/** Of each document. `open` with three arguments is `window.open`; commands put in markup. */
export const OF_DOCUMENT = ['open', 'write', 'writeln', 'cookie', 'execCommand', 'browsingTopics', 'requestStorageAccess', 'requestStorageAccessFor'];

/** Where text becomes elements: a frame among them would bring a window in which everything is there again. Chromium's Trusted Types refuse that, too. */
export const OF_ELEMENT = ['innerHTML', 'outerHTML', 'insertAdjacentHTML', 'setHTML', 'setHTMLUnsafe', 'attachShadow'];

/** Of the service worker's registration: what goes on when the page is closed, or adds to the request with which it is loaded again. */
export const OF_REGISTRATION = ['backgroundFetch', 'navigationPreload', 'sync', 'periodicSync', 'pushManager', 'paymentManager', 'showNotification', 'index', 'cookies'];
