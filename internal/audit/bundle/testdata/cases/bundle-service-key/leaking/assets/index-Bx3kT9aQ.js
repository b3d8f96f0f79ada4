const o=new A({apiKey:"{{openai}}",dangerouslyAllowBrowser:!0});fetch("https://api.resend.com/emails",{headers:{Authorization:`Bearer {{resend}}`}});
