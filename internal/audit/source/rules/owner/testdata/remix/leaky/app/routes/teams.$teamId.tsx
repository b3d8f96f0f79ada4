import type { ActionFunctionArgs, LoaderFunctionArgs } from '@remix-run/node'
import { json } from '@remix-run/node'
import { requireUserId } from '~/session.server'
import { prisma } from '~/db.server'

export async function loader({ request, params }: LoaderFunctionArgs) {
  await requireUserId(request)
  const team = await prisma.team.findUnique({ where: { id: params.teamId }, include: { members: true } })
  return json({ team })
}

export async function action({ request, params }: ActionFunctionArgs) {
  const userId = await requireUserId(request)
  const form = await request.formData()
  await prisma.member.update({ where: { id: String(form.get('memberId')) }, data: { role: String(form.get('role')) } })
  return json({ ok: true })
}
