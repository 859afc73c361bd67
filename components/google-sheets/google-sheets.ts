// Google Sheets: ranges of cells, as lists of rows or as objects by the names in the first row.
import { action, component, oauth2 } from "warder";
import { api, inJson, patiently } from "../shared/api";
import { path } from "../shared/path";

export type Cell = string | number | boolean;

const call = api({ name: "Google Sheets", why: inJson(({ error }) => error.message) });

const tokens = {
  tokenUrl: "https://oauth2.googleapis.com/token", scopes: ["https://www.googleapis.com/auth/spreadsheets"],
  origins: ["https://sheets.googleapis.com"], methods: ["GET", "POST", "PUT"],
} as const;
const range = {
  connection: { type: "connection", required: true },
  spreadsheet: { type: "string", required: true, description: "The id in its address" },
  range: { type: "string", required: true, description: "A1 notation: Orders!A:D" },
} as const;
const rows = { type: "list", items: { type: "list" }, required: true, description: "Rows of cells" } as const;

/**
 * RAW: cells are what they are given as. As USER_ENTERED a text that begins with "=" is a formula, which can send the
 * sheet's other cells to whoever wrote it.
 */
const asGiven = { valueInputOption: "RAW" };

export const googleSheets = component({
  key: "google-sheets", label: "Google Sheets",
  connections: {
    user: oauth2({
      label: "Google account", authorizeUrl: "https://accounts.google.com/o/oauth2/v2/auth", revokeUrl: "https://oauth2.googleapis.com/revoke", ...tokens,
    }),
    serviceAccount: oauth2({ label: "Service account", grant: "jwt-bearer", ...tokens }),
  },
  actions: {
    readRows: action({
      label: "Read rows", idempotent: true, retry: patiently, inputs: range,
      perform: async (context, { connection, spreadsheet, range }): Promise<{ data: Cell[][] }> => {
        const query = { valueRenderOption: "UNFORMATTED_VALUE" };
        const response = await call(context, connection, path`/v4/spreadsheets/${spreadsheet}/values/${range}`, { query });
        return { data: (await response.json()).values ?? [] };
      },
    }),
    appendRows: action({
      label: "Append rows", inputs: { ...range, rows },
      perform: async (context, { connection, spreadsheet, range, rows }) => {
        const query = { ...asGiven, insertDataOption: "INSERT_ROWS" };
        const place = path`/v4/spreadsheets/${spreadsheet}/values/${range}:append`;
        const { updates } = await (await call(context, connection, place, { method: "POST", query, json: { values: rows } })).json();
        return { data: { range: updates.updatedRange as string, rows: updates.updatedRows as number } };
      },
    }),
    writeRows: action({
      label: "Write rows", description: "Over what is in the range", idempotent: true, retry: patiently, inputs: { ...range, rows },
      perform: async (context, { connection, spreadsheet, range, rows }) => {
        const place = path`/v4/spreadsheets/${spreadsheet}/values/${range}`;
        const { updatedRange, updatedCells } = await (await call(context, connection, place, { method: "PUT", query: asGiven, json: { values: rows } })).json();
        return { data: { range: updatedRange as string, cells: updatedCells as number } };
      },
    }),
  },
});

/** Rows as objects, by the names in the first of them. A name is never more than a name, also where it is "__proto__". */
export function toObjects([names = [], ...rows]: Cell[][]): Record<string, Cell | null>[] {
  return rows.map((row) => Object.fromEntries(names.map((name, i) => [`${name}`, row[i] ?? null])));
}
