// The peer of bench/inference.sh: an inference server as one writes it in Node around ONNX Runtime.
// One process a worker, each with a session of one thread; PNG by zlib's inflate; no signature is
// checked, and nothing is captured unless told so.
//   NODE_PATH=… node inference_node.cjs MODEL.onnx METADATA.json WORKERS [CAPTURE_FILE]
// Prints "ready on PORT" when every worker listens.
'use strict';
const cluster = require('cluster');
const fs = require('fs');
const http = require('http');
const zlib = require('zlib');
const [modelPath, metadataPath, workerCount, captureFile] = process.argv.slice(2);

if (cluster.isPrimary) {
  let ready = 0;
  for (let i = 0; i < Number(workerCount); ++i) cluster.fork();
  cluster.on('listening', (worker, address) => {
    if (++ready === Number(workerCount)) console.log(`ready on ${address.port}`);
  });
  cluster.on('exit', () => process.exit(1));
  process.on('SIGTERM', () => process.exit(0));
} else {
  serve();
}

// 8-bit RGB without interlacing, as the pictures of the benchmark are: rows of samples.
function decodePng(bytes) {
  const width = bytes.readUInt32BE(16), height = bytes.readUInt32BE(20);
  if (bytes[24] !== 8 || bytes[25] !== 2 || bytes[28] !== 0) throw new Error('unsupported PNG');
  const parts = [];
  for (let at = 8; at < bytes.length;) {
    const length = bytes.readUInt32BE(at);
    if (bytes.readUInt32BE(at + 4) === 0x49444154) parts.push(bytes.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  const raw = zlib.inflateSync(parts.length === 1 ? parts[0] : Buffer.concat(parts));
  const stride = width * 3;
  const out = new Uint8Array(stride * height);
  for (let y = 0; y < height; ++y) {
    const filter = raw[y * (stride + 1)], from = y * (stride + 1) + 1, to = y * stride;
    for (let i = 0; i < stride; ++i) {
      const a = i >= 3 ? out[to + i - 3] : 0;
      const b = y > 0 ? out[to + i - stride] : 0;
      let add = 0;
      if (filter === 1) add = a;
      else if (filter === 2) add = b;
      else if (filter === 3) add = (a + b) >> 1;
      else if (filter === 4) {
        const c = i >= 3 && y > 0 ? out[to + i - stride - 3] : 0;
        const pa = Math.abs(b - c), pb = Math.abs(a - c), pc = Math.abs(a + b - 2 * c);
        add = pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
      }
      out[to + i] = raw[from + i] + add;
    }
  }
  return { width, height, samples: out };
}

async function serve() {
  const ort = require('onnxruntime-node');
  const metadata = JSON.parse(fs.readFileSync(metadataPath, 'utf8'));
  const [, height, width] = metadata.image_shape;
  const session = await ort.InferenceSession.create(modelPath, {
    intraOpNumThreads: 1, interOpNumThreads: 1, graphOptimizationLevel: 'all' });
  const capture = captureFile ? fs.createWriteStream(captureFile, { flags: 'a' }) : null;
  const scale = metadata.std.map((std) => 1 / (255 * std));
  const shift = metadata.mean.map((mean, c) => -mean / metadata.std[c]);

  async function classify(body) {
    const picture = decodePng(body);
    if (picture.width !== width || picture.height !== height) throw new Error('wrong size');
    const plane = width * height;
    const data = new Float32Array(3 * plane);
    for (let c = 0; c < 3; ++c) {
      for (let i = 0; i < plane; ++i) {
        data[c * plane + i] = picture.samples[3 * i + c] * scale[c] + shift[c];
      }
    }
    const feeds = { [metadata.input]: new ort.Tensor('float32', data, [1, 3, height, width]) };
    const results = await session.run(feeds);
    return JSON.stringify(Array.from(results[metadata.output].data));
  }

  http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', async () => {
      try {
        const body = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
        const answer = await classify(body);
        if (capture) {
          capture.write(JSON.stringify({ input: body.toString('base64'), output: answer }) + '\n');
        }
        response.writeHead(200, { 'Content-Type': 'application/json',
                                  'Content-Length': Buffer.byteLength(answer) });
        response.end(answer);
      } catch (fault) {
        response.writeHead(400, { 'Content-Length': 0 });
        response.end();
      }
    });
  }).listen(0, '127.0.0.1');
}
