export async function onRequestPost({ request, env }) {
  const { shop } = await request.json()
  const form = new URLSearchParams()
  form.set('mode', 'subscription')
  form.append('line_items[0][price]', env.PRICE)
  form.append('metadata[shop]', shop)
  const res = await fetch('https://api.stripe.com/v1/checkout/sessions', {
    method: 'POST',
    headers: { Authorization: `Bearer ${env.STRIPE_SECRET_KEY}` },
    body: form,
  })
  return Response.json({ url: (await res.json()).url })
}
