import { ErrorCode, WebClient } from "@slack/web-api";
import { check, checkUnseen, sdk } from "./sdk.js";

export default sdk(async ({ origin, token }) => {
  const slack = new WebClient(token, { slackApiUrl: `${origin}/api/`, retryConfig: { retries: 0 } });
  const sent = await slack.chat.postMessage({ channel: "C1", text: "late", blocks: [{ type: "divider" }] });
  checkUnseen(sent.echo);
  const refused = await slack.conversations.info({ channel: "absent" }).catch((error) => error);
  check(refused.code === ErrorCode.PlatformError && refused.data.error === "channel_not_found", "an error of the API is slack's", `${refused}`);
  return { ts: sent.ts, text: sent.message.text };
});
