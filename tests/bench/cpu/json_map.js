// What integrations do most: orders from JSON, mapped to another shape, and back to JSON.
function work() {
  const orders = [];
  for (let i = 0; i < 1000; ++i) {
    const lines = [];
    for (let j = 0; j < 5; ++j) lines.push({ sku: `SKU-${i}-${j}`, quantity: j + 1, price: (i * 7 + j * 13) % 500 / 10, tags: ["a", "b"] });
    orders.push({ id: `order-${i}`, customer: { name: `Customer ${i}`, email: `c${i}@example.test` }, lines, note: "Grüße, \"quoted\"\n" });
  }
  const text = JSON.stringify({ orders });
  let total = 0;
  for (let round = 0; round < 60; ++round) {
    const mapped = JSON.parse(text).orders
      .filter((order) => order.lines.length > 3)
      .map(({ id, customer, lines, note }) => ({
        reference: id.toUpperCase().replace("ORDER-", "O"),
        contact: { ...customer, domain: customer.email.split("@")[1] },
        items: lines.map(({ sku, quantity, price, ...rest }) => ({ ...rest, code: sku.toLowerCase(), sum: quantity * price })),
        remark: note.trim().slice(0, 20),
      }));
    const sums = new Map();
    for (const { contact, items } of mapped) {
      sums.set(contact.domain, items.reduce((sum, item) => sum + item.sum, sums.get(contact.domain) ?? 0));
    }
    total += JSON.stringify(mapped).length + Math.round([...sums.values()][0]);
  }
  return total;
}
