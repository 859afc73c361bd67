// Moves a file from one server to another, whatever its size, in the memory of some pieces of it.
//
// The body of the answer is the body of the next request. Nothing reads ahead: the source sends as fast as the target
// takes. What passes can be looked at on its way, here to count it; for a checksum the source is asked to give one.
//
// Event:  { "from": URL, "to": URL }
// Run it with --allow for both origins. A run has a limit of 256 MB each way unless --limits says more (`warder policy`).
import { flow, integration } from "warder";

const counting = (onBytes) => new TransformStream({
  transform(piece, controller) {
    onBytes(piece.byteLength);
    controller.enqueue(piece);
  },
});

export default integration({
  name: "File transfer",
  version: "1.0.0",
  flows: [
    flow({
      name: "Move a file",
      key: "file-transfer",
      inputs: { from: { type: "string", required: true }, to: { type: "string", required: true } },
      limits: { wall: "10m", "request-bytes": "1GB", "response-bytes": "1GB" },
      run: async (context, { from, to }) => {
        const source = await fetch(from);
        if (!source.ok) throw new Error(`the source answered ${source.status}`);

        let bytes = 0;
        const body = source.body.pipeThrough(counting((count) => (bytes += count)));
        const type = source.headers.get("content-type") ?? "application/octet-stream";
        const target = await fetch(to, { method: "PUT", headers: { "content-type": type }, body, duplex: "half" });
        if (!target.ok) throw new Error(`the target answered ${target.status}`);

        // A source that breaks off is an error above; this is what both sides have said of the whole.
        const { size } = await target.json();
        if (size !== bytes) throw context.error("cut-off", `${bytes} bytes came and ${size} arrived`, { retry: true });
        context.log.info("moved", { bytes });
        return { data: { bytes } };
      },
    }),
  ],
});
