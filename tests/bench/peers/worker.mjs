export default {
  async fetch(request) {
    const url = request.headers.get("x-call");
    if (url === null) return Response.json({ hello: "world" });
    const response = await fetch(url);
    return Response.json((await response.text()).length);
  },
};
