export async function onRequestPost({ request, env }) {
  const event = await request.json()
  if (event.type === 'checkout.session.completed') {
    await env.DB.prepare('UPDATE shops SET plan = ? WHERE id = ?').bind('pro', event.data.object.metadata.shop).run()
  }
  return new Response('ok')
}
