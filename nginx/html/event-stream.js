/**
 * The server-sent events of a response (WHATWG HTML, section 9.2.6), as far as Sluice sends them: a message's data is one
 * line of JSON. An `EventSource` cannot do it, as it sends no Authorization.
 *
 * @param {ReadableStream<Uint8Array>} body
 * @param {() => void} onSign called whenever anything arrives, were it only a comment
 * @returns {AsyncGenerator<{event: string, id: string, data: any}, void, void>}
 */
export async function* eventStream(body, onSign) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let fields = {};
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onSign();
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) {
        if (line === "") {
          if (fields.data !== undefined) yield { ...fields, data: JSON.parse(fields.data) };
          fields = {};
        } else if (!line.startsWith(":")) {
          const colon = line.indexOf(": ");
          fields[line.slice(0, colon)] = line.slice(colon + 2);
        }
      }
    }
  } finally {
    // Whoever reads no further lets go of the connection.
    await reader.cancel().catch(() => {});
  }
}
