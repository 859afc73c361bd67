import OpenAI, { toFile } from "openai";
import { check, checkUnseen, sdk } from "./sdk.js";

export default sdk(async ({ origin, token }) => {
  const openai = new OpenAI({ apiKey: token, baseURL: `${origin}/v1`, maxRetries: 0 });
  const { data: answer, response } = await openai.chat.completions
    .create({ model: "gpt", messages: [{ role: "user", content: "say" }] }).withResponse();
  checkUnseen(response.headers.get("x-echo"));

  const stream = await openai.chat.completions.create({ model: "gpt", messages: [{ role: "user", content: "say" }], stream: true });
  const pieces = [];
  for await (const chunk of stream) pieces.push(chunk.choices[0]?.delta?.content ?? "");

  const file = await openai.files.create({ file: await toFile(new TextEncoder().encode("a,b\n1,2\n"), "orders.csv"), purpose: "assistants" });
  const refused = await openai.models.retrieve("absent").catch((error) => error);
  check(refused instanceof OpenAI.NotFoundError, "a 404 is openai's error", `${refused}`);
  return { answer: answer.choices[0].message.content, pieces, file: file.filename };
});
