// An OAuth server whose clients get tokens by the client credentials grant, and ask for those of others (RFC 7662).
// Usage: node server.mjs FOLDER, where FOLDER/node_modules has oidc-provider. It prints its addresses as a line of JSON.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { argv } from "node:process";

const { Provider } = createRequire(`${argv[2]}/`)("oidc-provider");

const owner = (client_id, scope) => ({
  client_id, client_secret: `${client_id}-secret`, ...(scope ? { scope } : {}), grant_types: ["client_credentials"], redirect_uris: [], response_types: [],
});
const server = createServer().listen(0, "127.0.0.1", () => {
  const url = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(url, {
    scopes: ["nodes:admin", "nodes:reader", "other"],
    clients: [
      owner("the node", ""), owner("alice", "nodes:admin"), owner("bob", "nodes:reader"), owner("eve", "other"),
      owner("brief", "nodes:reader"),
    ],
    ttl: { ClientCredentials: (ctx, token, client) => (client.clientId === "brief" ? 1 : 600) },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      revocation: { enabled: true },
      introspection: { enabled: true, allowedPolicy: (ctx, client) => client.clientId === "the node" },
    },
  });
  server.on("request", provider.callback());
  console.log(JSON.stringify({ url, token: `${url}/token`, introspection: `${url}/token/introspection`, revocation: `${url}/token/revocation` }));
});
