// A numeric kernel: products of matrices of doubles, objects in between.
function work() {
  const size = 160;
  const matrix = (seed) => Float64Array.from({ length: size * size }, (_, i) => ((i * seed) % 1000) / 1000);
  const multiply = (a, b) => {
    const product = new Float64Array(size * size);
    for (let row = 0; row < size; ++row) {
      for (let k = 0; k < size; ++k) {
        const factor = a[row * size + k];
        for (let column = 0; column < size; ++column) product[row * size + column] += factor * b[k * size + column];
      }
    }
    return product;
  };
  let left = matrix(7);
  const right = matrix(13);
  for (let round = 0; round < 60; ++round) {
    left = multiply(left, right);
    const most = left.reduce((a, b) => Math.max(a, b));
    for (let i = 0; i < left.length; ++i) left[i] /= most;
  }
  const bodies = Array.from({ length: 40 }, (_, i) => ({ x: i, y: i * i % 7, z: i % 3, vx: 0, vy: 0, vz: 0, mass: 1 + i % 5 }));
  for (let step = 0; step < 4000; ++step) {
    for (const a of bodies) {
      for (const b of bodies) {
        if (a === b) continue;
        const dx = b.x - a.x, dy = b.y - a.y, dz = b.z - a.z;
        const far = Math.sqrt(dx * dx + dy * dy + dz * dz + 0.01);
        const pull = b.mass / (far * far * far);
        a.vx += dx * pull * 1e-5; a.vy += dy * pull * 1e-5; a.vz += dz * pull * 1e-5;
      }
    }
    for (const a of bodies) { a.x += a.vx; a.y += a.vy; a.z += a.vz; }
  }
  return [left[17], bodies[3].x];
}
