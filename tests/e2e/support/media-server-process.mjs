// node-media-server in a process of its own. Its only argument is its
// configuration as JSON.

import NodeMediaServer from 'node-media-server';

await new NodeMediaServer(JSON.parse(process.argv[2])).run();
