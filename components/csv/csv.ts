// Comma-separated values (RFC 4180): texts to rows and back, also a row at a time from a stream.
import { action, component } from "warder";

/** Cells in quotes or without, each behind the start, a separator or the end of a line. */
class Reader {
  #cells: string[] = [];
  #cell = "";
  #state: "start" | "plain" | "quoted" | "quote" | "return" = "start";

  constructor(readonly separator: string) {}

  /** The rows that end in this piece of the text. */
  *read(piece: string): Generator<string[]> {
    for (const character of piece) {
      if (this.#state === "return") {
        this.#state = "start";
        if (character === "\n") continue;
      }
      if (this.#state === "quoted") {
        if (character === '"') this.#state = "quote";
        else this.#cell += character;
      } else if (character === '"' && this.#state !== "plain") {
        if (this.#state === "quote") this.#cell += '"';
        this.#state = "quoted";
      } else if (character === this.separator) {
        this.#endCell();
      } else if (character === "\n" || character === "\r") {
        yield this.#endRow();
        if (character === "\r") this.#state = "return";
      } else if (this.#state === "quote") {
        throw new SyntaxError(`a quoted cell is followed by ${JSON.stringify(character)}, which is neither a separator nor the end of a line`);
      } else {
        this.#cell += character;
        this.#state = "plain";
      }
    }
  }

  *end(): Generator<string[]> {
    if (this.#state === "quoted") throw new SyntaxError("the text ends within quotes");
    if (this.#cells.length > 0 || this.#state === "plain" || this.#state === "quote") yield this.#endRow();
  }

  #endCell() {
    this.#cells.push(this.#cell);
    this.#cell = "";
    this.#state = "start";
  }

  #endRow() {
    this.#endCell();
    const row = this.#cells;
    this.#cells = [];
    return row;
  }
}

const isEmpty = (row: string[]) => row.length === 1 && row[0] === "";

/** Cells by the names in the header. A name is never more than a name, also where it is "__proto__". */
const named = (names: string[], row: string[]) => Object.fromEntries(names.map((name, i) => [name, row[i] ?? ""]));

/** The rows of a response's body or another stream of UTF-8, whatever its size. */
export async function* readRows(stream: ReadableStream<Uint8Array>, { separator = "," } = {}): AsyncGenerator<string[]> {
  const reader = new Reader(separator);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for await (const piece of stream) for (const row of reader.read(decoder.decode(piece, { stream: true }))) if (!isEmpty(row)) yield row;
  for (const row of [...reader.read(decoder.decode()), ...reader.end()]) if (!isEmpty(row)) yield row;
}

/**
 * A spreadsheet takes a text that begins with one of these for a formula, which can send other cells to whoever wrote it;
 * with an apostrophe before it the text stays one.
 */
const FORMULA = /^[=+\-@\t\r]/;

const separator = { type: "string", minimum: 1, maximum: 1, default: "," } as const;

export const csv = component({
  key: "csv", label: "CSV",
  actions: {
    parse: action({
      label: "Read CSV", description: "Rows as objects by the header's names, or as lists where there is no header", idempotent: true,
      inputs: { text: { type: "string", required: true }, header: { type: "boolean", default: true }, separator },
      perform: (context, { text, header, separator }): { data: (Record<string, string> | string[])[] } => {
        const reader = new Reader(separator);
        const rows = [...reader.read(text.replace(/^\ufeff/, "")), ...reader.end()].filter((row) => !isEmpty(row));
        if (!header) return { data: rows };
        const [names = [], ...rest] = rows;
        return { data: rest.map((row) => named(names, row)) };
      },
    }),
    format: action({
      label: "Write CSV", idempotent: true,
      inputs: {
        rows: { type: "list", items: { type: "map", items: { type: "any" } }, required: true },
        columns: { type: "list", items: { type: "string" }, description: "Those of the first row unless told" },
        separator,
        spreadsheet: { type: "boolean", default: true, description: "For a spreadsheet: no text becomes a formula" },
      },
      perform: (context, { rows, columns = Object.keys(rows[0] ?? {}), separator, spreadsheet }) => {
        const cell = (value: unknown) => {
          const text = value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : `${value}`;
          const safe = spreadsheet && typeof value === "string" && FORMULA.test(text) ? `'${text}` : text;
          return safe.includes(separator) || /["\r\n]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
        };
        const line = (cells: unknown[]) => `${cells.map(cell).join(separator)}\r\n`;
        const own = (row: Record<string, unknown>, name: string) => (Object.hasOwn(row, name) ? row[name] : undefined);
        return { data: [columns, ...rows.map((row) => columns.map((name) => own(row, name)))].map(line).join("") };
      },
    }),
  },
});
