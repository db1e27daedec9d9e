# The scripted agent of ./scripts/try: first its work, then what a hijacked one would do.
try() {
  printf '\n$ %s\n' "$*"
  "$@" 2>&1 | cut -c1-${COLUMNS:-160} | head -n 5
}
echo '# --- work -------------------------------------------------------------'
try aws s3 ls
echo 'numbers of the day' >report.txt
try aws s3 cp --no-progress report.txt s3://allowed/reports/today.txt
try aws s3 cp --no-progress s3://allowed/reports/today.txt copy.txt
try cmp report.txt copy.txt
try gh pr list -R acme/app
echo
echo '# --- what a hijacked agent tries --------------------------------------'
try printenv AWS_SECRET_ACCESS_KEY AWS_ACCESS_KEY_ID GH_TOKEN
try cat "$HOME/.aws/credentials"
try aws configure export-credentials
try gh auth token
try aws s3 rb s3://allowed
try aws s3api list-objects-v2 --bucket file:///proc/self/environ
echo
