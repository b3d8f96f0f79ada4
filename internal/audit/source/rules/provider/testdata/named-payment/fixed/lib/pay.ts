const api = 'https://api.paystack.co'

async function send(path: string, init: RequestInit) {
  const res = await fetch(`${api}${path}`, {
    ...init,
    headers: { Authorization: `Bearer ${process.env.PAYSTACK_SECRET_KEY}` },
  })
  return res.json()
}

export function begin(order: { email: string; amount: number; metadata: Record<string, string> }) {
  return send('/transaction/initialize', { method: 'POST', body: JSON.stringify(order) })
}

export function ask(reference: string) {
  return send(`/transaction/verify/${reference}`, { method: 'GET' })
}
