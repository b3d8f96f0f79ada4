const s3=new S({region:"ap-south-1",credentials:{accessKeyId:"{{aws_id}}",secretAccessKey:"{{aws_secret}}"}});const gh=atob("{{github_b64}}");
