const stripe = require('stripe')(process.env.STRIPE_SECRET_KEY)

module.exports = async function (app) {
  app.addHook('preHandler', async (request, reply) => {
    if (request.params.teamId) {
      request.membership = await request.session.User.getTeamMembership(request.params.teamId)
      if (!request.membership) {
        return reply.code(404).send('Not Found')
      }
      request.team = await app.db.models.Team.byId(request.params.teamId)
    }
  })

  app.get('/teams/:teamId/portal', { preHandler: app.needsPermission('team:edit') }, async (request, reply) => {
    const subscription = await request.team.getSubscription()
    const portal = await stripe.billingPortal.sessions.create({ customer: subscription.customer })
    reply.redirect(303, portal.url)
  })
}
