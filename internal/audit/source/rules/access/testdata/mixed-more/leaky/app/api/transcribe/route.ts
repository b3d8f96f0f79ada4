import { auth } from '@/auth'
import { transcribe } from '@/lib/ai'

export async function POST(req: Request) {
  const session = await auth()
  if (!session) return new Response(null, { status: 401 })
  return new Response(await transcribe(await req.arrayBuffer()))
}
