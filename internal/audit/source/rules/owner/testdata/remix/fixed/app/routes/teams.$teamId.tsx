import type { ActionFunctionArgs, LoaderFunctionArgs } from '@remix-run/node'
import { json } from '@remix-run/node'
import { requireUserId } from '~/session.server'
import { prisma } from '~/db.server'

export async function loader({ request, params }: LoaderFunctionArgs) {
  const userId = await requireUserId(request)
  const team = await prisma.team.findFirst({ where: { id: params.teamId, members: { some: { userId } } }, include: { members: true } })
  if (!team) throw new Response('not found', { status: 404 })
  return json({ team })
}

async function requireOwner(userId: string, teamId: string | undefined) {
  const member = await prisma.member.findFirst({ where: { userId, teamId, role: 'owner' } })
  if (!member) throw new Response('forbidden', { status: 403 })
}

export async function action({ request, params }: ActionFunctionArgs) {
  const userId = await requireUserId(request)
  await requireOwner(userId, params.teamId)
  const form = await request.formData()
  await prisma.member.update({ where: { id: String(form.get('memberId')), teamId: params.teamId }, data: { role: String(form.get('role')) } })
  return json({ ok: true })
}
