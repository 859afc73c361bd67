// Everything a script finds in a cell beside the language itself, one file per standard. There is no DOM and no Node.
/// <reference path="./abort.d.ts" />
/// <reference path="./blob.d.ts" />
/// <reference path="./compression.d.ts" />
/// <reference path="./console.d.ts" />
/// <reference path="./crypto.d.ts" />
/// <reference path="./encoding.d.ts" />
/// <reference path="./events.d.ts" />
/// <reference path="./fetch.d.ts" />
/// <reference path="./global.d.ts" />
/// <reference path="./streams.d.ts" />
/// <reference path="./test.d.ts" />
/// <reference path="./url.d.ts" />
/// <reference path="./warder.d.ts" />
