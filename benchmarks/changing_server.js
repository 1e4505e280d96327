// node-opcua's server with N doubles ns=1;i=1..N that move as instruments do: a slow wander, noise, and a resolution of
// a 12-bit instrument. About two thirds of the values change each second.
//   node changing_server.js N PORT      (NODE_PATH names the folder with node-opcua)
const { OPCUAServer, DataType, OPCUACertificateManager, MessageSecurityMode, SecurityPolicy } = require("node-opcua");
const os = require("os"), path = require("path");
const N = +process.argv[2], PORT = +process.argv[3], STEP = 500 / 4096;

(async () => {
  const certificates = new OPCUACertificateManager({ rootFolder: path.join(os.tmpdir(), "node-opcua-pki-" + PORT) });
  await certificates.initialize();
  const server = new OPCUAServer({
    port: PORT, host: "127.0.0.1", hostname: "127.0.0.1", serverCertificateManager: certificates,
    securityPolicies: [SecurityPolicy.None], securityModes: [MessageSecurityMode.None],
    serverCapabilities: { operationLimits: { maxNodesPerRead: 100000 } },
  });
  await server.initialize();
  const space = server.engine.addressSpace, own = space.getOwnNamespace();
  const nodes = [], level = new Float64Array(N), shown = new Float64Array(N);
  let folder;
  for (let i = 0; i < N; i++) {
    if (i % 250 === 0) folder = own.addFolder(space.rootFolder.objects, { browseName: `G${i}`, nodeId: `s=G${i}` });
    level[i] = 100 + (i % 250);
    nodes.push(own.addVariable({ organizedBy: folder, nodeId: `i=${i + 1}`, browseName: `V${i}`, dataType: "Double" }));
  }
  let seed = 1;
  const chance = () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648; // the same run each time
  const move = (first) => {
    for (let i = 0; i < N; i++) {
      level[i] += (100 + (i % 250) - level[i]) / 300 + 0.1 * (chance() - 0.5); // wanders about its own level, 5 min
      const value = STEP * Math.round((level[i] + 2.2 * STEP * (chance() + chance() - 1)) / STEP);
      if (!first && value === shown[i]) continue;
      shown[i] = value;
      nodes[i].setValueFromSource({ dataType: DataType.Double, value });
    }
  };
  move(true);
  await server.start();
  console.log("READY");
  setInterval(() => move(false), 1000);
})().catch((error) => { console.error(error); process.exit(1); });
