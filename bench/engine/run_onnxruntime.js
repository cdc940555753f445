// onnxruntime-node as bench/engine/compare.py drives it; the protocol of bench/engine_run.cc.
//   node run_onnxruntime.js MODEL.onnx PICTURES SIZE BATCH...
// One thread; one session a batch size, in which that size is fixed, as suits the runtime best.
'use strict';
const fs = require('fs');
const readline = require('readline');
const ort = require('onnxruntime-node');

async function load([model, pictures, size, ...batches]) {
  const bytes = fs.readFileSync(pictures);
  const floats = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const subjects = new Map();
  for (const text of batches) {
    const batch = Number(text);
    const session = await ort.InferenceSession.create(model, {
      intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: 'sequential',
      graphOptimizationLevel: 'all', freeDimensionOverrides: {N: batch},
    });
    const data = new ort.Tensor('float32', floats.slice(0, batch * 3 * size * size),
                                [batch, 3, Number(size), Number(size)]);
    subjects.set(batch, {session, feeds: {data}});
  }
  return subjects;
}

async function time({session, feeds}, runs) {
  const seconds = [];
  for (let i = 0; i < runs; ++i) {
    const started = process.hrtime.bigint();
    await session.run(feeds);
    seconds.push(Number(process.hrtime.bigint() - started) / 1e9);
  }
  return seconds.sort((a, b) => a - b)[runs >> 1];
}

async function main() {
  const subjects = await load(process.argv.slice(2));
  console.log('ready');
  for await (const line of readline.createInterface({input: process.stdin})) {
    const [command, batch, argument] = line.split(' ');
    const subject = subjects.get(Number(batch));
    if (command === 'time') {
      console.log(await time(subject, Number(argument)));
    } else {
      const {logits} = await subject.session.run(subject.feeds);
      fs.writeFileSync(argument, Buffer.from(logits.data.buffer, logits.data.byteOffset,
                                             logits.data.byteLength));
      console.log('written');
    }
  }
}

main().catch(error => { console.log(`refused: ${error.message}`); process.exit(1); });
