import axios from 'axios'

export async function signIn(email, password) {
  const { data } = await axios.post('/api/login', { email, password })
  localStorage.setItem('token', data.token)
  sessionStorage.setItem('user', JSON.stringify(data.user))
}
