#!/bin/sh
# live.sh: deploys for real and runs one execution. It costs money, so it asks
# for CATCHMENT_AWS_LIVE=yes and CONFIG (catchment.yaml). STACK names the stack,
# PARAMETERS are further words for catchment aws deploy. A secret that the stack
# makes is empty: fill it after a first call, and call again, or name one that is
# there in CONFIG and say PARAMETERS="--parameter LoginSecrets=existing".
set -eu
if [ "${CATCHMENT_AWS_LIVE:-}" != yes ]; then
  echo "this deploys into your AWS account and costs money: CATCHMENT_AWS_LIVE=yes CONFIG=catchment.yaml make aws-live" >&2
  exit 2
fi
: "${CONFIG:?catchment.yaml}"
stack=${STACK:-catchment-live}
# shellcheck disable=SC2086 # PARAMETERS are words
outputs=$(bin/catchment aws deploy --config "$CONFIG" --stack "$stack" --zip bin/lambda.zip ${PARAMETERS:-})
machine=$(echo "$outputs" | sed -n 's/^Machine //p')
execution=$(aws stepfunctions start-execution --state-machine-arn "$machine" --input '{}' --query executionArn --output text)
while :; do
  status=$(aws stepfunctions describe-execution --execution-arn "$execution" --query status --output text)
  [ "$status" = RUNNING ] || break
  sleep 15
done
echo "$execution is $status; take it away with: catchment aws destroy --stack $stack"
bin/catchment status --config "$CONFIG"
bin/catchment verify --config "$CONFIG"
[ "$status" = SUCCEEDED ]
