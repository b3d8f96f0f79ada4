import { createClient } from '@supabase/supabase-js'

export async function POST(req: Request) {
  const supabase = createClient(process.env.SUPABASE_URL!, process.env.SUPABASE_SERVICE_ROLE_KEY!)
  const { data: { user } } = await supabase.auth.getUser(req.headers.get('authorization')!.replace('Bearer ', ''))
  if (!user) return new Response(null, { status: 401 })
  const { documentId } = await req.json()
// if privileged-client-without-check
  const { data: doc } = await supabase.from('documents').select('*').eq('id', documentId).single()
// else
  const { data: doc } = await supabase.from('documents').select('*')
    .eq('id', documentId).eq('owner_id', user.id).single()
// end
  if (!doc) return new Response(null, { status: 404 })
  return Response.json(doc)
}
